"""
Tokens: the shared secret itself, which gives all rights, or a signed list of rights.

A signed one is a JSON Web Token (RFC 7519) with HS256 and the claims `rights` (of `publish`,
`view`), `senders` (patterns of ids), `jti` (the token's id, which the log shows), `exp` and,
if wanted, `nbf`.
"""

import base64
import hashlib
import hmac
import math
import re
import secrets
from dataclasses import replace
from typing import Any, TypeGuard

from webrtc_bridge.errors import WebrtcBridgeError
from webrtc_bridge.program.requirements import require
from webrtc_bridge.signaling.broker.rights import Rights

ALGORITHM = 'HS256'
RIGHTS = ('publish', 'view')
MAX_PATTERNS = 64
SENDERS = re.compile(r'[A-Za-z0-9_.*?\[\]!-]{1,64}')
'A pattern of sender ids.'
KEY = re.compile(r'[A-Za-z0-9_.-]{1,64}')


class TokenError(WebrtcBridgeError):
    """A token gives no rights, for `reason`; `key` is its id, if we made it."""

    def __init__(self, reason: str, key: str = '') -> None:
        super().__init__(reason, key)
        self.reason = reason
        self.key = key

    def __str__(self) -> str:
        return f'token: {self.reason}'


class NoTokenError(TokenError):
    """A token is needed, and there is none."""

    def __init__(self) -> None:
        super().__init__('none given')


class SignedTokens:
    """
    Make and check the tokens of one `secret`.

    Raises: RequirementError without PyJWT.
    """

    def __init__(self, secret: str) -> None:
        require('pyjwt')
        # The holder of a token can try secrets on it at leisure, so each try must be costly: 16 MB
        # and 50 ms. RFC 7518, section 3.2, wants 32 bytes at least for HS256.
        salt = b'webrtc_bridge token'
        self._key = hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()
        self._secret = _digest(secret)

    def make(self, rights: Rights, name: str = '') -> tuple[str, str]:
        """Return a token with `rights`, and its id, which starts with `name`."""
        import jwt

        key = '-'.join(filter(None, (name, secrets.token_hex(4))))
        claims: dict[str, Any] = {
            'jti': key,
            'rights': [right for right in RIGHTS if getattr(rights, right)],
            'senders': list(rights.senders),
        }
        if math.isfinite(rights.expires):
            claims['exp'] = int(rights.expires)
        return jwt.encode(claims, self._key, ALGORITHM), key

    def check(self, token: str) -> Rights:
        """
        Return the rights of `token`, in a time that does not depend on the secret.

        Raises: TokenError.
        """
        proof = _digest(token)
        if hmac.compare_digest(proof, self._secret):
            return Rights(key='shared secret', proof=proof)
        if not self._is_signed(token):
            # A stranger wrote it: no part of it is worth being parsed.
            raise TokenError('wrong')
        return replace(_rights(self._verified(token)), proof=proof)

    def _is_signed(self, token: str) -> bool:
        signed, _, signature = token.encode(errors='replace').rpartition(b'.')
        digest = hmac.digest(self._key.encode(), signed, hashlib.sha256)
        return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b'='), signature)

    def _verified(self, token: str) -> dict[str, Any]:
        import jwt

        key = ''
        try:
            # The signature first and then the times, so that the log can name the token.
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                # Inline: PyJWT types it as a dictionary before 2.11 and as a TypedDict since.
                options={'verify_exp': False, 'verify_nbf': False, 'verify_iat': False},
            )
            key = _key(claims)
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM])
            return claims
        except jwt.ExpiredSignatureError:
            raise TokenError('expired', key) from None
        except jwt.ImmatureSignatureError:
            raise TokenError('not valid yet', key) from None
        except (
            jwt.PyJWTError,
            ValueError,
            TypeError,
            AttributeError,
            OverflowError,
            RecursionError,
        ):
            # What it says need not be what we would have signed.
            raise TokenError('wrong', key) from None


def _rights(claims: dict[str, Any]) -> Rights:
    key, rights, senders = _key(claims), claims.get('rights'), claims.get('senders')
    if not (_texts(rights) and _texts(senders) and set(rights) <= set(RIGHTS)):
        raise TokenError('signed, but without usable rights and senders', key)
    try:
        expires = float(claims.get('exp', math.inf))
    except OverflowError:
        raise TokenError('signed, but it expires too late', key) from None
    return Rights('publish' in rights, 'view' in rights, tuple(senders), expires, key)


def _texts(value: Any) -> TypeGuard[list[str]]:
    return (
        isinstance(value, list)
        and len(value) <= MAX_PATTERNS
        and all(isinstance(text, str) and SENDERS.fullmatch(text) for text in value)
    )


def patterns(text: str) -> tuple[str, ...]:
    """Return the patterns of sender ids in `text`, comma-separated; empty if one is invalid."""
    found = tuple(part.strip() for part in text.split(','))
    return found if _texts(list(found)) else ()


def _key(claims: dict[str, Any]) -> str:
    key = claims.get('jti')
    return key if isinstance(key, str) and KEY.fullmatch(key) else 'unnamed'


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors='surrogatepass')).digest()
