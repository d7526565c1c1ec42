"""Make a token for a signaling server, and print it."""

import math
import secrets
import sys
import time
from typing import TYPE_CHECKING

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import TokenOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.requirements import require
from webrtc_bridge.signaling.secret_file import write_private

if TYPE_CHECKING:
    from webrtc_bridge.signaling.broker.rights import Rights

SECONDS = {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}


async def make(options: TokenOptions) -> None:
    """
    Print a token, or write one, or a new secret, to a file.

    Raises: OptionError, naming the flag.
    """
    if options.new_secret:
        secret = secrets.token_urlsafe(32)
        write_private('--new-secret', options.new_secret, secret, replace=False)
        print(f'wrote a new secret to {options.new_secret}', file=sys.stderr)
        return
    token, summary = token_of(options)
    if options.out:
        write_private('--out', options.out, token, replace=True)
    else:
        print(token)
    print(summary, file=sys.stderr)


def token_of(options: TokenOptions) -> tuple[str, str]:
    """
    Return the token, and a summary of its rights.

    Raises: OptionError.
    """
    from webrtc_bridge.signaling.broker.rights import Rights
    from webrtc_bridge.signaling.server.authentication import SECRET, read_server_secret
    from webrtc_bridge.signaling.server.signed_tokens import SignedTokens, patterns

    rights = options.rights.split(',')
    senders = patterns(options.senders)
    if not senders:
        raise OptionError('--senders', options.senders, 'ids of senders, with * for any text')
    secret = read_server_secret('--secret-file', options.secret_file)
    if not secret:
        expected = f'the secret of the server, there or in {SECRET}; --new-secret FILE makes one'
        raise OptionError('--secret-file', '', expected)
    made = Rights('publish' in rights, 'view' in rights, senders, expiry(options.lifetime))
    token, key = SignedTokens(secret).make(made, options.name)
    return token, f'token {key}: {" and ".join(rights)} {", ".join(senders)} {end_of(made)}'


def end_of(rights: 'Rights') -> str:
    """Return when `rights` expire, in words."""
    if math.isinf(rights.expires):
        return 'forever'
    return time.strftime('until %Y-%m-%d %H:%M:%S UTC', time.gmtime(rights.expires))


def expiry(lifetime: str) -> float:
    """Return the Unix time at which a token with this lifetime, made now, expires."""
    if lifetime in ('forever', 'ever'):
        return math.inf
    return math.floor(time.time()) + int(lifetime[:-1]) * SECONDS[lifetime[-1]]


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    return run_command(
        'webrtc_bridge token',
        __doc__,
        (TokenOptions,),
        lambda: require('pyjwt'),
        make,
        arguments,
        'warn',
    )


if __name__ == '__main__':
    sys.exit(main())
