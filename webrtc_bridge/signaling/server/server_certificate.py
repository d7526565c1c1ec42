"""The TLS certificate of the signaling server, from files or made at its start."""

import logging
import os
import secrets
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from webrtc_bridge.errors import OptionError, describe
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.program.requirements import require

if TYPE_CHECKING:
    from cryptography import x509

    from webrtc_bridge.signaling.server.self_signed import SelfSigned

VALID = timedelta(days=90)
'Validity of a certificate that is made at each start.'

SOON = timedelta(days=14)

_CERTIFICATE = 'a PEM file with a certificate'
_KEY = 'a PEM file with a private key that has no password'

logger = logging.getLogger(__name__)


def server_context(options: SignalingOptions) -> ssl.SSLContext | None:
    """
    Return the TLS context that `options` ask for; None if they ask for none.

    Raises: OptionError, naming the file that cannot be used and why, or RequirementError.
    """
    if options.self_signed:
        if options.certificate or options.key:
            raise OptionError('self_signed', True, 'either self_signed, or certificate and key')
        return _made_now()
    if bool(options.certificate) is not bool(options.key):
        missing = 'certificate' if options.key else 'key'
        raise OptionError(missing, '', 'a file: certificate and key must be given together')
    return _from_files(options.certificate, options.key) if options.certificate else None


def _from_files(certificate: str, key: str) -> ssl.SSLContext:
    require('cryptography')
    _check_pair(certificate, key)
    context = _context()
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        # Both files were read, and match: OpenSSL finds them too weak, for example.
        raise OptionError(
            'certificate', certificate, f'one that OpenSSL accepts ({describe(error)})'
        ) from None
    return context


def _check_pair(certificate: str, key: str) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    try:
        loaded = x509.load_pem_x509_certificate(_read('certificate', certificate))
    except ValueError:
        raise OptionError('certificate', certificate, _CERTIFICATE) from None
    try:
        private = load_pem_private_key(_read('key', key), None)
    except (ValueError, TypeError):
        raise OptionError('key', key, _KEY) from None
    public = [
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for key in (loaded.public_key(), private.public_key())
    ]
    if public[0] != public[1]:
        raise OptionError('key', key, f'the key of {certificate}, which it does not match')
    _check_times(certificate, loaded)
    if Path(key).stat().st_mode & 0o007 and os.name != 'nt':
        logger.warning('every user can read the private key in %s: run chmod o= on it', key)


def _check_times(file: str, certificate: 'x509.Certificate') -> None:
    start, end = valid_between(certificate)
    now = datetime.now(UTC)
    if now >= end:
        raise OptionError('certificate', file, f'one that is valid: it expired on {end:%Y-%m-%d}')
    if now < start:
        expected = (
            f'one that is valid now: by the clock of this machine it starts on {start:%Y-%m-%d}'
        )
        raise OptionError('certificate', file, expected)
    if now > end - SOON:
        logger.warning('the certificate in %s expires on %s', file, f'{end:%Y-%m-%d}')


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
        return Path(file).read_bytes()
    except OSError as error:
        raise OptionError(option, file, f'a readable file ({describe(error)})') from None


def _made_now() -> ssl.SSLContext:
    require('cryptography')
    from webrtc_bridge.signaling.server.self_signed import fingerprint, own_names, self_signed

    made = self_signed(own_names(), VALID)
    context = _context()
    _load(context, made)
    logger.info('self-signed certificate, SHA-256 %s', fingerprint(made.certificate))
    return context


def _load(context: ssl.SSLContext, made: 'SelfSigned') -> None:
    """Load a pair from memory; `ssl` only reads files, so the key is encrypted there."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
    )

    password = secrets.token_hex(32)
    encryption = BestAvailableEncryption(password.encode())
    key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'pair.pem'
        file.write_bytes(made.pem.encode() + key)
        context.load_cert_chain(file, password=password)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # Otherwise a browser may ask for HTTP/2, which aiohttp does not speak.
    context.set_alpn_protocols(['http/1.1'])
    return context
