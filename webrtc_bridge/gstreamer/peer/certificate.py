"""The certificate by which viewers know a webrtcbin (RFC 8827, section 6.5)."""

import functools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from webrtc_bridge.gstreamer.library import Element

VALID = timedelta(days=365)

BACKDATED = timedelta(days=1)
'For viewers whose clock is behind.'


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, in PEM, and its fingerprint as descriptions have it."""

    pem: str = field(repr=False)
    fingerprint: str


def use_ecdsa_certificate(webrtc: Element) -> None:
    """
    Let `webrtc` use an ECDSA certificate instead of GStreamer's own, where that can be made.

    GStreamer's is RSA, for which aiortc as a DTLS client offers no cipher suite. RFC 8827 section
    6.5 wants ECDSA by default, and webrtcbin has no property for it.
    """
    if ecdsa_certificate():
        webrtc.connect('deep-element-added', _on_element)


def with_fingerprint(sdp: str) -> str:
    """
    Return webrtcbin's offer with the fingerprint of `ecdsa_certificate`.

    GStreamer (1.22) counts the key, which is in the same PEM, as a part of the certificate.
    """
    certificate = ecdsa_certificate()
    if certificate is None:
        return sdp
    return re.sub('(?<=a=fingerprint:sha-256 )[0-9A-Fa-f:]+', certificate.fingerprint, sdp)


@functools.cache
def ecdsa_certificate() -> Certificate | None:
    """Return the certificate of this process; None without `cryptography`."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        return None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'WebRTC')])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + VALID)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both = made.public_bytes(pem) + private
    return Certificate(both.decode(), made.fingerprint(hashes.SHA256()).hex(':').upper())


def _on_element(_: Element, __: Element, element: Element) -> None:
    certificate = ecdsa_certificate()
    factory = element.get_factory()  # webrtcbin's own parts have none
    if certificate and factory is not None and factory.get_name() == 'dtlssrtpdec':
        element.set_property('pem', certificate.pem)
