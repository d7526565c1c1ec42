"""The format that an answer takes."""

import pytest

from webrtc_bridge.gstreamer.peer.formats import FORMATS, formats_of, taken
from webrtc_bridge.media.frames import Codec

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
    assert taken(sdp, FORMATS) == expected


def test_what_was_not_offered_is_not_taken() -> None:
    assert taken(f'{VIDEO}{VP8[0].number}\r\n{RTPMAPS}', H264) is None
