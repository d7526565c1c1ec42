"""Structures of caps and events, with the GStreamer that is here and as other versions do it."""

import gc
from types import SimpleNamespace

import pytest

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, GstVideo, require_gstreamer
from webrtc_bridge.gstreamer.structures import (
    borrowed_structure,
    event_structure,
    first_structure,
    own_copy,
)

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

CAPS = 'video/x-raw,width=320,height=240,framerate=30/1'


class Wrapper:
    """As GStreamer 1.26 wraps a structure: without any of its methods."""

    def __init__(self, structure):
        self._structure = structure

    def __enter__(self):
        return self._structure

    def __exit__(self, *_):
        pass


class Entered(Wrapper):
    """As a structure of GStreamer 1.28: it may be entered, and has its methods."""

    def __enter__(self):
        return self

    def copy(self):
        return self._structure.copy()


def made():
    return Gst.Structure.from_string(CAPS)[0]


def test_caps_tell_what_they_are_and_it_outlives_them():
    structure = first_structure(Gst.Caps.from_string(CAPS))
    gc.collect()
    assert structure.get_name() == 'video/x-raw'
    assert structure.get_int('width') == (True, 320)
    assert structure.get_fraction('framerate') == (True, 30, 1)
    assert structure.get_string('profile') is None


def test_an_event_tells_its_name_and_values():
    event = Gst.Event.new_custom(
        Gst.EventType.CUSTOM_UPSTREAM,
        Gst.Structure.from_string('GstRTPRetransmissionRequest,seqnum=(uint)7')[0],
    )
    structure = event_structure(event)
    assert structure.get_name() == 'GstRTPRetransmissionRequest'
    assert structure.get_value('seqnum') == 7


def test_an_event_of_gstreamers_own_has_a_structure_too():
    event = GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, False, 0)
    assert event_structure(event).get_name() == 'GstForceKeyUnit'


def test_an_event_without_a_structure_has_none():
    assert event_structure(Gst.Event.new_flush_start()) is None


@pytest.mark.parametrize('returned', [lambda one: one, Wrapper, Entered])
def test_every_versions_way_gives_the_structure(returned):
    structure = own_copy(returned(made()))
    assert structure.get_name() == 'video/x-raw'
    assert structure.get_int('height') == (True, 240)


@pytest.mark.parametrize('returned', [lambda one: one, Wrapper, Entered])
def test_every_versions_way_lends_the_structure(returned):
    event = SimpleNamespace(get_structure=lambda: returned(made()))
    with borrowed_structure(event) as structure:
        # What is lent by `Entered`, as by 1.28, is the structure and more.
        assert structure.copy().get_name() == 'video/x-raw'


@pytest.mark.parametrize('returned', [None, Wrapper(None)])
def test_every_versions_way_tells_that_there_is_none(returned):
    assert own_copy(returned) is None
