"""The TLS certificate of the signaling server, from files or made by itself, always the newest."""

import logging
import os
import re
import secrets
import ssl
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webrtc_bridge.errors import OptionError, describe
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.program.files import Followed, read_bounded
from webrtc_bridge.program.requirements import require

if TYPE_CHECKING:
    from cryptography import x509

VALID = timedelta(days=90)
'Validity of a certificate that is made at each start, and again in time.'

SOON, DAY = timedelta(days=14), timedelta(days=1)
MAX_FILE = 1 << 20

_CERTIFICATE = 'a PEM file with a certificate'
_PART = re.compile(b'-----BEGIN (?:X509 )?CERTIFICATE-----.*?-----END [^-]*-----', re.DOTALL)
_KEY = 'a PEM file with a private key that has no password'

logger = logging.getLogger(__name__)


def server_tls(options: SignalingOptions) -> Callable[[], ssl.SSLContext] | None:
    """
    Return what returns the TLS context for a new connection; None if `options` ask for no TLS.

    Files are read again when they have changed, and a certificate of our own is renewed in time.

    Raises: OptionError, naming the file that cannot be used and why, or RequirementError.
    """
    if options.self_signed:
        if options.certificate or options.key:
            raise OptionError('self_signed', True, 'either self_signed, or certificate and key')
        return SelfSignedTls().current
    if bool(options.certificate) is not bool(options.key):
        missing = 'certificate' if options.key else 'key'
        raise OptionError(missing, '', 'a file: certificate and key must be given together')
    if not options.certificate:
        return None
    tls = FilesTls(options.certificate, options.key)
    tls.current()
    return tls.current


class FilesTls:
    """
    The TLS of a certificate and its key in files.

    Raises: OptionError, RequirementError.
    """

    def __init__(self, certificate: str, key: str) -> None:
        require('cryptography')
        self._certificate = certificate
        self._pair = Followed(lambda: _from_files(certificate, key), certificate, key)
        self._warned: datetime | None = None

    def current(self) -> ssl.SSLContext:
        """Return the context of what the files hold now; warn once a day of one that expires."""
        context, end = self._pair.current()
        now = datetime.now(UTC)
        if now > end - SOON and (self._warned is None or now > self._warned + DAY):
            self._warned = now
            expires = 'has expired' if now > end else f'expires on {end:%Y-%m-%d}'
            logger.warning('the certificate in %s %s', self._certificate, expires)
        return context


class SelfSignedTls:
    """
    The TLS of a certificate made by ourselves, and made again before it expires.

    Raises: RequirementError.
    """

    def __init__(self) -> None:
        require('cryptography')
        self._context, self._valid = _made_now()

    def current(self) -> ssl.SSLContext:
        """Return the context of a certificate that is valid, and for a while."""
        start, end = self._valid
        # It has not started where the clock was ahead when it was made.
        if not start <= datetime.now(UTC) < end - SOON:
            self._context, self._valid = _made_now()
        return self._context


def _from_files(certificate: str, key: str) -> tuple[ssl.SSLContext, datetime]:
    chain, private = _matching(certificate, key)
    end = _check_times(certificate, chain[0])
    if Path(key).stat().st_mode & 0o007 and os.name != 'nt':
        logger.warning('every user can read the private key in %s: run chmod o= on it', key)
    context = _context()
    try:
        _load(context, chain, private)
    except (OSError, ssl.SSLError) as error:
        # Both files were read, and match: OpenSSL finds them too weak, for example.
        raise OptionError(
            'certificate', certificate, f'one that OpenSSL accepts ({describe(error)})'
        ) from None
    return context, end


def _matching(certificate: str, key: str) -> 'tuple[list[x509.Certificate], Any]':
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    try:
        parts = _PART.findall(_read('certificate', certificate))
        chain = [x509.load_pem_x509_certificate(part) for part in parts]
    except ValueError:
        chain = []
    if not chain:
        raise OptionError('certificate', certificate, _CERTIFICATE)
    try:
        private = load_pem_private_key(_read('key', key), None)
    except (ValueError, TypeError):
        raise OptionError('key', key, _KEY) from None
    public = [
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for key in (chain[0].public_key(), private.public_key())
    ]
    if public[0] != public[1]:
        raise OptionError('key', key, f'the key of {certificate}, which it does not match')
    return chain, private


def _check_times(file: str, certificate: 'x509.Certificate') -> datetime:
    start, end = valid_between(certificate)
    now = datetime.now(UTC)
    if now >= end:
        raise OptionError('certificate', file, f'one that is valid: it expired on {end:%Y-%m-%d}')
    if now < start:
        expected = (
            f'one that is valid now: by the clock of this machine it starts on {start:%Y-%m-%d}'
        )
        raise OptionError('certificate', file, expected)
    return end


def valid_between(certificate: 'x509.Certificate') -> tuple[datetime, datetime]:
    """Return the start and the end of the certificate's validity."""
    if hasattr(certificate, 'not_valid_before_utc') and hasattr(
        certificate, 'not_valid_after_utc'
    ):
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    # cryptography before 42
    start, end = certificate.not_valid_before, certificate.not_valid_after
    return start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)


def _read(option: str, file: str) -> bytes:
    try:
        return read_bounded(file, MAX_FILE)
    except OSError as error:
        raise OptionError(option, file, f'a readable file ({describe(error)})') from None


def _made_now() -> tuple[ssl.SSLContext, tuple[datetime, datetime]]:
    from webrtc_bridge.signaling.server.self_signed import fingerprint, own_names, self_signed

    made = self_signed(own_names(), VALID)
    context = _context()
    _load(context, [made.certificate], made.key)
    logger.info('self-signed certificate, SHA-256 %s', fingerprint(made.certificate))
    return context, valid_between(made.certificate)


def _load(context: ssl.SSLContext, chain: 'list[x509.Certificate]', private: Any) -> None:
    """
    Load a pair from memory; `ssl` only reads files, so the key is encrypted there.

    It would read those of a user a second time, and wait for the writer of a pipe.
    """
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
    )

    password = secrets.token_hex(32)
    encryption = BestAvailableEncryption(password.encode())
    key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'pair.pem'
        file.write_bytes(b''.join(each.public_bytes(Encoding.PEM) for each in chain) + key)
        context.load_cert_chain(file, password=password)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # Otherwise a browser may ask for HTTP/2, which aiohttp does not speak.
    context.set_alpn_protocols(['http/1.1'])
    return context
