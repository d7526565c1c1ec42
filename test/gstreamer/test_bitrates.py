"""The bit rates of what a pipeline encodes, and their bounds."""

import pytest

from webrtc_bridge.gstreamer.bitrates import EncodingBitrates
from webrtc_bridge.media.bandwidth.layer_allocation import Bounds, LinkDemand, allocate
from webrtc_bridge.media.frames import Codec, Encoding, Layer

FULL, SMALL = Encoding(Codec.H264), Encoding(Codec.H264, Layer.SMALL)
HIGHEST = 1_000_000


@pytest.fixture
def bitrates() -> EncodingBitrates:
    one = EncodingBitrates(100_000)
    one.highest = HIGHEST
    return one


def test_with_a_small_layer_the_bounds_are_those_that_are_given(
    bitrates: EncodingBitrates,
) -> None:
    bounds = bitrates.bounds({Codec.VP8})
    assert bounds[Codec.VP8] == Bounds(100_000, HIGHEST)
    assert not bounds[Codec.H264].layered


@pytest.mark.parametrize(('rate', 'expected'), [(100e3, 500_000), (700e3, 700_000)])
def test_without_a_small_layer_nobody_is_brought_below_half(
    bitrates: EncodingBitrates, rate: float, expected: int
) -> None:
    allocation = allocate({1: LinkDemand(FULL, rate), 2: LinkDemand(FULL)}, bitrates.bounds({}))
    assert allocation.layers == {1: Layer.FULL, 2: Layer.FULL}
    assert allocation.rates == {FULL: expected}


def test_a_lowest_above_half_is_the_lowest_without_a_small_layer_too() -> None:
    bitrates = EncodingBitrates(800_000)
    bitrates.highest = HIGHEST
    assert bitrates.bounds({})[Codec.H264].lowest == 800_000


def test_nothing_is_encoded_before_it_is_known_what() -> None:
    assert EncodingBitrates(100_000).bounds({Codec.H264}) == {}


def test_a_layer_has_its_limit_and_without_one_the_highest(bitrates: EncodingBitrates) -> None:
    bitrates.limit({SMALL: 300_000})
    assert (bitrates.of(FULL), bitrates.of(SMALL)) == (HIGHEST, 300_000)
    bitrates.limit({FULL: 800_000})
    assert (bitrates.of(FULL), bitrates.of(SMALL)) == (800_000, HIGHEST)


def test_a_limit_does_not_outbid_another_sources_highest(bitrates: EncodingBitrates) -> None:
    bitrates.limit({FULL: 800_000})
    bitrates.highest = 400_000
    assert bitrates.of(FULL) == 400_000
