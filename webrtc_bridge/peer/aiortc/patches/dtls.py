"""A patch to aiortc's DTLS: peers with RSA certificates."""

import functools
from typing import Any

from aiortc import RTCCertificate

CIPHERS = ':'.join(
    f'ECDHE-{key}-{suite}'
    for suite in ('AES128-GCM-SHA256', 'CHACHA20-POLY1305', 'AES128-SHA', 'AES256-SHA')
    for key in ('ECDSA', 'RSA')
)
"aiortc's cipher suites, each for RSA, too."


@functools.cache
def accept_rsa_certificates() -> None:
    """
    Let DTLS accept peers whose certificate is RSA, as GStreamer's is.

    aiortc 1.16 offers cipher suites for ECDSA alone. Browsers offer both.
    """
    certificate_class: Any = RTCCertificate
    create = certificate_class._create_ssl_context

    def create_for_both(certificate: Any, srtp_profiles: Any) -> Any:
        context = create(certificate, srtp_profiles)
        context.set_cipher_list(CIPHERS.encode())
        return context

    certificate_class._create_ssl_context = create_for_both
