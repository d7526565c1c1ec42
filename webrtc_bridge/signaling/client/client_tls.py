"""The TLS of a client: whom it trusts, and why it does not trust a server."""

import ssl

from webrtc_bridge.errors import OptionError, describe
from webrtc_bridge.program.files import read_bounded

MAX_FILE = 1 << 20
'Bytes; the authorities that a system trusts take a quarter of that.'

EXPIRED, NOT_YET_VALID = 10, 9
UNKNOWN = (18, 19, 20, 21)
OTHER_NAME = (62, 64)
"""X509_V_ERR_… of OpenSSL's x509_vfy.h, which `verify_code` is."""


def client_context(ca_file: str) -> ssl.SSLContext:
    """
    Return a context that checks a server by the system's authorities, or only by `ca_file`.

    TLS 1.2 at least, and the name in the URL must be the certificate's.

    Raises: OptionError for a file that cannot be read or holds no certificate.
    """
    try:
        context = _context(ca_file)
    except (ssl.SSLError, ValueError):
        raise OptionError('ca', ca_file, 'a PEM file with a certificate') from None
    except OSError as error:
        raise OptionError('ca', ca_file, f'a readable file ({describe(error)})') from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        # So that the file may hold the server's own certificate, whoever signed it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _context(ca_file: str) -> ssl.SSLContext:
    if not ca_file:
        return ssl.create_default_context()
    # OpenSSL would wait for the writer of a pipe.
    text = read_bounded(ca_file, MAX_FILE).decode('ascii', 'ignore')
    if not text.strip():
        raise ValueError  # an empty text would mean the authorities of the system
    return ssl.create_default_context(cadata=text)


def why_not_trusted(error: ssl.SSLError) -> str:
    """Return what is wrong with the server's TLS, in words that follow its URL."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        if error.reason == 'WRONG_VERSION_NUMBER':
            return 'no TLS at this port; try ws://'
        return f'TLS failed: {(error.reason or "no reason given").lower().replace("_", " ")}'
    code = error.verify_code
    if code == EXPIRED:
        return 'certificate has expired, or the clock of this machine is wrong'
    if code == NOT_YET_VALID:
        return 'certificate is not valid yet, or the clock of this machine is wrong'
    if code in UNKNOWN:
        return 'certificate is not signed by a trusted CA; pass it, or its CA, with --ca'
    if code in OTHER_NAME:
        return 'certificate is for another name or address than the one in the URL'
    return f'certificate refused: {error.verify_message}'
