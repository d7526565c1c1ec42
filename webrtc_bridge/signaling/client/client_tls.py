"""Whom a client of wss:// trusts, and what is wrong with a server that it does not."""

import ssl

from webrtc_bridge.errors import OptionError, describe

EXPIRED, NOT_YET_VALID = 10, 9
UNKNOWN = (18, 19, 20, 21)
OTHER_NAME = (62, 64)
"""X509_V_ERR_… of OpenSSL's x509_vfy.h, which `verify_code` is."""


def client_context(ca_file: str) -> ssl.SSLContext:
    """
    Return what checks a server: by the system's authorities, or only by those in `ca_file`.

    TLS 1.2 at least, and the name in the URL must be the certificate's.

    Raises: OptionError for a file that cannot be read or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError:
        raise OptionError('ca', ca_file, 'a PEM file with a certificate') from None
    except OSError as error:
        raise OptionError('ca', ca_file, f'a readable file ({describe(error)})') from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        # So that the server's own certificate can stand there, whoever signed it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def why_not_trusted(error: ssl.SSLError) -> str:
    """Return in words, for one line, what is wrong with the server's TLS."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        if error.reason == 'WRONG_VERSION_NUMBER':
            return 'does not speak TLS there: try ws://'
        return f'fails at TLS: {(error.reason or "no reason given").lower().replace("_", " ")}'
    code = error.verify_code
    if code == EXPIRED:
        return 'has a certificate that has expired, or the clock of this machine is wrong'
    if code == NOT_YET_VALID:
        return 'has a certificate that is not valid yet, or the clock of this machine is wrong'
    if code in UNKNOWN:
        return 'has a certificate that nobody known here has signed: give that, or its CA, by --ca'
    if code in OTHER_NAME:
        return 'has a certificate for another name or address than the one in the URL'
    return f'has a certificate that is refused: {error.verify_message}'
