import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from webrtc_bridge.gstreamer.peer import certificate as module
from webrtc_bridge.gstreamer.peer.certificate import ecdsa_certificate, with_fingerprint

OFFER = 'a=mid:0\r\na=fingerprint:sha-256 AB:CD\r\na=setup:actpass\r\n'


def test_a_process_has_one_certificate_and_it_is_ecdsa():
    assert ecdsa_certificate() is ecdsa_certificate()
    made = x509.load_pem_x509_certificate(ecdsa_certificate().pem.encode())
    assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)


def test_an_offer_has_its_fingerprint():
    made = x509.load_pem_x509_certificate(ecdsa_certificate().pem.encode())
    expected = made.fingerprint(SHA256()).hex(':').upper()
    assert with_fingerprint(OFFER) == OFFER.replace('AB:CD', expected)


def test_without_a_certificate_the_offer_stays(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, 'ecdsa_certificate', lambda: None)
    assert with_fingerprint(OFFER) == OFFER


def test_the_key_is_not_printed():
    assert 'PRIVATE' not in repr(ecdsa_certificate())
