"""The format that an answer takes."""

import pytest

from webrtc_bridge.gstreamer.peer.formats import FORMATS, formats_of, taken
from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.rtp.transport_feedback import TRANSPORT_NUMBER

H264, VP8 = (formats_of([codec]) for codec in (Codec.H264, Codec.VP8))
RTPMAPS = ''.join(f'a=rtpmap:{f.number} {f.codec.value}/90000\r\n' for f in FORMATS)
VIDEO = 'm=video 9 UDP/TLS/RTP/SAVPF '


@pytest.mark.parametrize(
    ('sdp', 'expected'),
    [
        (f'{VIDEO}{H264[0].number} {VP8[0].number}\r\n{RTPMAPS}', H264[0]),
        (f'{VIDEO}{VP8[0].number} {H264[0].number}\r\n{RTPMAPS}', VP8[0]),
        (f'{VIDEO}99 {VP8[0].number}\na=rtpmap:{VP8[0].number} vp8/90000\n', VP8[0]),
        (f'{VIDEO}{VP8[0].number}\r\na=rtpmap:{VP8[0].number} VP9/90000\r\n', None),
        (f'{VIDEO.replace(" 9 ", " 0 ")}{H264[0].number}\r\n{RTPMAPS}', None),
        ('m=video\r\n', None),
        ('m=audio 9 RTP/SAVPF 0\r\n', None),
        ('', None),
    ],
)
def test_it_is_the_first_that_was_offered(sdp, expected) -> None:
    answered = taken(sdp, FORMATS)
    assert answered == (expected and expected._replace(is_numbered=False))


EXTMAP = f'a=extmap:3 {TRANSPORT_NUMBER}\r\n'
FEEDBACK = f'a=rtcp-fb:{VP8[0].number} transport-cc\r\n'


@pytest.mark.parametrize(
    ('lines', 'is_numbered'),
    [
        (EXTMAP + FEEDBACK, True),
        (EXTMAP.replace('extmap:3', 'extmap:3/sendrecv') + 'a=rtcp-fb:* transport-cc\n', True),
        (FEEDBACK, False),
        (EXTMAP, False),
        (EXTMAP + 'a=rtcp-fb:11 transport-cc\r\n', False),
        (EXTMAP + f'a=rtcp-fb:{VP8[0].number} goog-remb\r\n', False),
    ],
)
def test_packets_are_numbered_for_those_who_report_arrivals(lines, is_numbered) -> None:
    answered = taken(f'{VIDEO}{VP8[0].number}\r\n{RTPMAPS}{lines}', FORMATS)
    assert answered is not None
    assert answered.is_numbered is is_numbered
    assert (TRANSPORT_NUMBER in answered.offered(7)) is is_numbered


def test_what_was_not_offered_is_not_taken() -> None:
    assert taken(f'{VIDEO}{VP8[0].number}\r\n{RTPMAPS}', H264) is None
