"""The payloads are, byte for byte, those that aiortc cuts."""

import random
from fractions import Fraction

import aiortc.codecs.h264
import aiortc.codecs.vpx
import av
import pytest
from aiortc.codecs import depayload
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from webrtc_bridge.media.h264.units import nal_units
from webrtc_bridge.media.rtp.payloader import (
    LARGEST_PAYLOAD,
    Vp8Payloader,
    h264_payloads,
)

EDGES = [
    1,
    2,
    *(part * LARGEST_PAYLOAD // 2 + near for part in (1, 2, 4) for near in range(-5, 3)),
]
H264 = RTCRtpCodecParameters(mimeType='video/H264', clockRate=90_000)


def random_unit(dice):
    """Return a NAL unit, of a size that is at an edge or not, without a start code in it."""
    size = dice.choice([*EDGES, dice.randrange(1, 30), dice.randrange(1, 20_000)])
    unit = bytearray(dice.randbytes(size)).replace(b'\0', b'\1')
    unit[0] = dice.choice([0, 0x80]) | dice.randrange(4) << 5 | dice.choice([1, 5, 6, 7, 8, 9])
    return bytes(unit)


def packet(data):
    made = av.Packet(data)
    made.pts, made.time_base = 0, Fraction(1, 90_000)
    return made


@pytest.fixture
def cut_small(monkeypatch):
    """Let aiortc cut payloads as small as ours."""
    monkeypatch.setattr(aiortc.codecs.h264, 'PACKET_MAX', LARGEST_PAYLOAD)
    monkeypatch.setattr(aiortc.codecs.vpx, 'PACKET_MAX', LARGEST_PAYLOAD)


@pytest.mark.usefixtures('cut_small')
@pytest.mark.parametrize('seed', range(300))
def test_h264_is_cut_as_by_aiortc(seed):
    dice = random.Random(seed)
    units = [random_unit(dice) for _ in range(dice.choice([0, 1, 2, 3, 9, 10, 11, 25]))]
    stream = b''.join(dice.choice([b'\0\0\1', b'\0\0\0\1']) + unit for unit in units)
    expected, _ = H264Encoder().pack(packet(stream))
    assert list(h264_payloads(units)) == expected
    assert list(h264_payloads(nal_units(stream))) == expected


@pytest.mark.parametrize('size', EDGES)
def test_h264_payloads_give_the_units_back(size):
    units = [b'\x67' * 20, b'\x68' * 5, b'\x65' * size]
    payloads = h264_payloads(units)
    assert max(map(len, payloads)) <= LARGEST_PAYLOAD
    stream = b''.join(depayload(H264, payload) for payload in payloads)
    assert list(nal_units(stream)) == units


@pytest.mark.usefixtures('cut_small')
@pytest.mark.parametrize('seed', range(50))
def test_vp8_is_cut_as_by_aiortc(seed):
    dice = random.Random(seed)
    ours, theirs = Vp8Payloader(), Vp8Encoder()
    ours.picture_id = theirs.picture_id = dice.choice([0, 0x7FFE, dice.getrandbits(15)])
    for _ in range(5):
        frame = dice.randbytes(dice.choice([*EDGES, dice.randrange(1, 50_000)]))
        expected, _ = theirs.pack(packet(frame))
        assert list(ours.payloads(frame)) == expected


def test_an_empty_frame_has_no_payloads():
    assert h264_payloads([]) == ()
    assert Vp8Payloader().payloads(b'') == ()
