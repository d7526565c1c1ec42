"""Self-signed certificates."""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from webrtc_bridge.signaling.server.listen import own_addresses

LOCAL = ('localhost', '127.0.0.1', '::1')

BACKDATED = timedelta(days=1)
'For clients whose clock is behind.'


@dataclass(frozen=True)
class SelfSigned:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> str:
        """The certificate without its key; not a secret."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


def self_signed(names: Iterable[str], valid: timedelta) -> SelfSigned:
    """Return a new certificate for these names and addresses, valid for `valid` from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'webrtc_bridge')])
    now = datetime.now(UTC)
    # RFC 5280, section 4.2.1; what OpenSSL checks strictly since Python 3.13.
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName([_general(name) for name in dict.fromkeys(names)]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (identifier, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + valid)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return SelfSigned(builder.sign(key, hashes.SHA256()), key)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate as browsers and openssl show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(':').upper()


def own_names() -> list[str]:
    """Return the names and addresses under which this machine may be reached."""
    host = socket.gethostname()
    names = [*LOCAL, host, f'{host.partition(".")[0]}.local', *own_addresses()]
    return [name for name in dict.fromkeys(names) if name]


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode('idna').decode())
