"""Make a self-signed certificate for a signaling server, and its private key."""

import os
import sys
from datetime import timedelta

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import CertificateOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.requirements import require
from webrtc_bridge.signaling.secret_file import write_private


async def make(options: CertificateOptions) -> None:
    """
    Write both files, and print how to use them.

    Raises: OptionError, naming the flag.
    """
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    from webrtc_bridge.signaling.server.self_signed import fingerprint, own_names, self_signed

    names = [*options.names, *own_names()]
    try:
        made = self_signed(names, timedelta(days=options.days))
    except ValueError:
        raise OptionError('--name', list(options.names), 'names and addresses') from None
    key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private('--key', options.key, key.decode(), replace=False)
    try:
        write_private('--certificate', options.certificate, made.pem, replace=False)
    except OptionError:
        os.unlink(options.key)  # of no use alone, and in the way of another attempt
        raise
    print(f'for {", ".join(names)}')
    print(f'SHA-256 {fingerprint(made.certificate)}')
    print(f'server:  --certificate {options.certificate} --key {options.key}')
    print(f'clients: --ca {options.certificate} (a copy; it is not a secret)')


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    return run_command(
        'webrtc_bridge certificate',
        __doc__,
        (CertificateOptions,),
        lambda: require('cryptography'),
        make,
        arguments,
        'warn',
    )


if __name__ == '__main__':
    sys.exit(main())
