"""What a GStreamer pipeline and its sessions are told, with stand-ins for both."""

import logging

import pytest

from webrtc_bridge.gstreamer.adaptation import GStreamerAdaptation
from webrtc_bridge.media.bandwidth.estimator import BandwidthEstimator
from webrtc_bridge.media.frames import Layer

HIGHEST = 1_000_000


class Session:
    """A viewer whose link allows `rate`."""

    def __init__(self, rate=None, layer=Layer.FULL):
        self.peer_id = 'viewer'
        self.link = BandwidthEstimator()
        self.link.rate = rate
        self.layer = layer

    def change_layer(self, layer):
        self.layer = layer


class Pipeline:
    """Notes what it is told."""

    def __init__(self, layered=True):
        self.layered = layered
        self.told = []

    def set_bitrate(self, layer, bitrate):
        self.told.append((layer, bitrate))


def test_a_slow_viewer_goes_to_the_small_layer_and_back_and_that_is_told(caplog):
    caplog.set_level(logging.INFO)
    slow, pipeline = Session(300e3), Pipeline()
    adaptation = GStreamerAdaptation(pipeline, [slow, Session()])
    adaptation.begin(HIGHEST)
    assert slow.layer is Layer.SMALL
    assert pipeline.told == [(Layer.SMALL, 300_000)]
    slow.link.rate = 800e3
    adaptation.follow()
    assert slow.layer is Layer.FULL
    assert pipeline.told[1:] == [(Layer.FULL, 800_000), (Layer.SMALL, HIGHEST)]
    assert [record.getMessage() for record in caplog.records] == [
        'viewer gets half size: its link carries about 300 kbit/s',
        'viewer gets full size: its link carries about 800 kbit/s',
    ]


def test_a_limit_goes_with_the_viewer_that_it_was_for_and_a_tiny_change_is_not_told():
    slow, pipeline = Session(700e3), Pipeline()
    sessions = [slow, Session()]
    adaptation = GStreamerAdaptation(pipeline, sessions)
    adaptation.begin(HIGHEST)
    slow.link.rate = 710e3
    adaptation.follow()
    assert pipeline.told == [(Layer.FULL, 700_000)]
    sessions.remove(slow)
    adaptation.follow()
    assert pipeline.told[1:] == [(Layer.FULL, HIGHEST)]


@pytest.mark.parametrize(('rate', 'told'), [(100e3, 500_000), (700e3, 700_000)])
def test_without_a_small_layer_nobody_is_brought_below_half(rate, told):
    slow, pipeline = Session(rate), Pipeline(layered=False)
    GStreamerAdaptation(pipeline, [slow, Session()]).begin(HIGHEST)
    assert slow.layer is Layer.FULL
    assert pipeline.told == [(Layer.FULL, told)]


def test_where_nothing_is_encoded_any_more_all_get_what_is_passed_on():
    slow, pipeline = Session(300e3, Layer.SMALL), Pipeline(layered=False)
    GStreamerAdaptation(pipeline, [slow]).begin(0)
    assert slow.layer is Layer.FULL
    assert pipeline.told == []
