"""The header of a picture in its source, as an RTP header extension."""

import pytest

from webrtc_bridge.media.frames import SourceHeader
from webrtc_bridge.media.rtp.source_header import MOST_BYTES, packed, parsed

LARGEST_NS = (2**31 - 1) * 1_000_000_000 + 999_999_999


@pytest.mark.parametrize('simulated', [False, True])
@pytest.mark.parametrize('frame_id', ['', 'map', 'kamera/vorn\u00e4', 'f' * MOST_BYTES])
@pytest.mark.parametrize(
    'stamp_ns', [0, 1, 1_004_000_000_001, LARGEST_NS, -1, -(2**31) * 1_000_000_000]
)
def test_it_arrives_bit_for_bit(stamp_ns, frame_id, simulated):
    header = SourceHeader(stamp_ns, frame_id, simulated)
    assert parsed(packed(header)) == header


def test_the_value_is_as_documented():
    value = packed(SourceHeader(0x0102030405060708, 'cam', simulated=True))
    assert value == b'\x01\x01\x02\x03\x04\x05\x06\x07\x08cam'


@pytest.mark.parametrize('frame_id', ['f' * (MOST_BYTES + 1), '\u00e4' * 65])
def test_a_frame_that_is_too_long_is_left_out(frame_id):
    assert parsed(packed(SourceHeader(5, frame_id))) == SourceHeader(5, '')


@pytest.mark.parametrize(
    'value',
    [
        b'',
        bytes(8),
        bytes(9) + b'f' * (MOST_BYTES + 1),
        bytes(9) + b'\xff',
        bytes(9) + b'a\nb',
        bytes(9) + b'a\0b',
        b'\0' + (LARGEST_NS + 1).to_bytes(8, 'big'),
        b'\0\x80' + bytes(7),
    ],
)
def test_a_broken_one_is_ignored(value):
    assert parsed(value) is None
