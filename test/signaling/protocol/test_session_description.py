import pytest
from support.signaling.signaling_samples import CANDIDATE, FINGERPRINT, SDP, description

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.protocol.session_description import (
    check_description,
    count_candidates,
)

MEDIA = 'm=video 9 UDP/TLS/RTP/SAVPF 96'
LINE = f'a={CANDIDATE["candidate"]}\r\n'


@pytest.mark.parametrize(
    ('value', 'code'),
    [
        ('v=0', 'bad_type'),
        (None, 'bad_type'),
        ([], 'bad_type'),
        ({}, 'bad_sdp'),
        ({'type': 'offer'}, 'bad_sdp'),
        ({'type': 'offer', 'sdp': 7}, 'bad_sdp'),
        ({'type': 'offer', 'sdp': ''}, 'bad_sdp'),
        ({'type': 'answer', 'sdp': SDP}, 'bad_sdp'),
        ({'type': 'pranswer', 'sdp': SDP}, 'bad_sdp'),
        ({'sdp': SDP}, 'bad_sdp'),
    ],
)
def test_what_is_not_an_offer_is_refused(value: object, code: str) -> None:
    with pytest.raises(MessageError) as caught:
        check_description(value, 'offer')
    assert (caught.value.code, caught.value.ref) == (code, 'offer')


@pytest.mark.parametrize(
    'sdp',
    [
        SDP.replace(FINGERPRINT, 'a=x-no:1'),
        SDP.replace('sha-256', 'md5'),
        SDP.replace(FINGERPRINT, 'a=fingerprint:sha-256 A1:A1'),
        SDP.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'),
        SDP.replace('UDP/TLS/RTP/SAVPF', 'RTP/SAVPF'),
        SDP.replace(MEDIA, 'a=x-no:1'),
        SDP.replace(MEDIA, 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'),
        SDP + 'm=audio 9 RTP/AVP 0\r\n',
        SDP + 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3\r\n',
        SDP + 'a=ice-ufrag:abc\r\n',
        SDP + 'a=ice-ufrag:' + 'u' * 257 + '\r\n',
        SDP + 'a=ice-ufrag:ab d\r\n',
        SDP + 'a=ice-pwd:' + 'p' * 21 + '\r\n',
        SDP + 'a=ice-pwd:' + 'p' * 257 + '\r\n',
        SDP + 'a=candidate:nonsense\r\n',
        SDP + 'no line\r\n',
        SDP + 'a=mid:0\x00\r\n',
        SDP + 'a=mid:0\x1b[2J\r\n',
        SDP + 'a=mid:0\rm=audio\r\n',
        SDP + 'a=mid:\u2028x\r\n',
        SDP + 'a=mid:\ud800\r\n',
        SDP.replace('v=0', 'v=1'),
        SDP.removeprefix('v=0\r\n'),
        '\r\n' + SDP,
    ],
)
def test_a_description_that_must_not_pass_is_bad_sdp(sdp: str) -> None:
    with pytest.raises(MessageError) as caught:
        check_description(description('offer', sdp), 'offer')
    assert caught.value.code == 'bad_sdp'
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


def test_a_password_is_not_quoted() -> None:
    with pytest.raises(MessageError) as caught:
        check_description(description('offer', SDP + 'a=ice-pwd:secret\r\n'), 'offer')
    assert 'secret' not in caught.value.message


@pytest.mark.parametrize(
    'sdp',
    [
        SDP,
        SDP.replace('\r\n', '\n'),
        SDP.removesuffix('\r\n'),
        SDP + LINE,
        SDP + 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sctp-port:5000\r\n',
        SDP + 'm=audio 0 UDP/TLS/RTP/SAVPF 0\r\n',
        SDP.replace('s=-', 's=Kamera über der Tür'),
        SDP.replace('sha-256', 'SHA-256'),
    ],
)
def test_an_ordinary_description_passes_unchanged(sdp: str) -> None:
    assert check_description(description('offer', sdp), 'offer') == sdp


def test_candidates_of_a_description_are_counted() -> None:
    assert count_candidates(check_description(description('offer', SDP + 3 * LINE), 'offer')) == 3
