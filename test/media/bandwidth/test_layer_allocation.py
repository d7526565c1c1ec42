"""Allocation of layers and bit rates to viewers."""

import pytest

from webrtc_bridge.media.bandwidth.layer_allocation import Bounds, LinkDemand, allocate
from webrtc_bridge.media.frames import Codec, Encoding, Layer

FULL, SMALL = Encoding(Codec.H264), Encoding(Codec.H264, Layer.SMALL)
BOUNDS = Bounds(100_000, 1_000_000)


def allocated(*viewers, bounds=BOUNDS):
    return allocate(dict(enumerate(viewers)), dict.fromkeys(Codec, bounds))


def layer(viewer, bounds=BOUNDS):
    return allocated(viewer, bounds=bounds).layers[0]


def test_without_a_limit_all_viewers_get_the_full_layer():
    found = allocated(LinkDemand(FULL), LinkDemand(Encoding(Codec.VP8)))
    assert set(found.layers.values()) == {Layer.FULL}
    assert found.rates == {}


def test_what_is_not_encoded_here_has_no_bit_rate_and_one_layer():
    found = allocate({0: LinkDemand(SMALL, 300_000.0), 1: LinkDemand(FULL, 300_000.0)}, {})
    assert set(found.layers.values()) == {Layer.FULL}
    assert found.rates == {}


def test_the_full_layer_follows_the_slowest_of_its_viewers():
    found = allocated(LinkDemand(FULL, 900_000.0), LinkDemand(FULL, 700_000.0), LinkDemand(FULL))
    assert found.rates == {FULL: 700_000}


def test_a_much_slower_viewer_slows_nobody():
    found = allocated(LinkDemand(FULL), LinkDemand(FULL, 300_000.0), LinkDemand(FULL, 800_000.0))
    assert found.layers == {0: Layer.FULL, 1: Layer.SMALL, 2: Layer.FULL}
    assert found.rates == {FULL: 800_000, SMALL: 300_000}


def test_the_small_layer_follows_its_slowest_within_the_bounds():
    assert allocated(LinkDemand(SMALL, 300_000.0), LinkDemand(SMALL, 200_000.0)).rates == {
        SMALL: 200_000
    }
    assert allocated(LinkDemand(SMALL, 20_000.0)).rates == {SMALL: 100_000}
    assert allocated(LinkDemand(SMALL, 700_000.0)).rates == {SMALL: 500_000}


def test_no_rate_is_above_the_highest():
    assert allocated(LinkDemand(FULL, 5e6)).rates == {FULL: 1_000_000}


def test_returning_to_the_full_layer_takes_a_higher_rate_than_leaving_it():
    rates = [1e6, 0.6e6, 0.49e6, 0.6e6, 0.74e6, 0.76e6, 0.6e6, 0.51e6]
    encoding, layers = FULL, []
    for rate in rates:
        encoding = Encoding(Codec.H264, layer(LinkDemand(encoding, rate)))
        layers.append(encoding.layer)
    full, small = Layer.FULL, Layer.SMALL
    assert layers == [full, full, small, small, small, full, full, full]


def test_a_viewer_without_a_limit_returns_to_the_full_layer():
    assert layer(LinkDemand(SMALL)) is Layer.FULL


@pytest.mark.parametrize('lowest', [1_000_000, 2_000_000])
def test_the_bit_rate_can_be_fixed(lowest):
    found = allocated(
        LinkDemand(FULL, 50_000.0), LinkDemand(SMALL, 50_000.0), bounds=Bounds(lowest, 1_000_000)
    )
    assert found.layers == {0: Layer.FULL, 1: Layer.FULL}
    assert found.rates == {FULL: 1_000_000}


def test_with_a_lowest_bit_rate_above_half_there_is_one_layer():
    found = allocated(LinkDemand(FULL, 50_000.0), bounds=Bounds(600_000, 1_000_000))
    assert (found.layers, found.rates) == ({0: Layer.FULL}, {FULL: 600_000})


def test_without_a_small_layer_viewers_stay_in_the_full_one():
    assert (
        layer(LinkDemand(SMALL, 50_000.0), Bounds(100_000, 1_000_000, layered=False)) is Layer.FULL
    )


def test_codecs_do_not_slow_each_other():
    vp8 = Encoding(Codec.VP8)
    found = allocated(LinkDemand(FULL, 900_000.0), LinkDemand(vp8, 600_000.0))
    assert found.rates == {FULL: 900_000, vp8: 600_000}
