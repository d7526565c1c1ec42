"""The ICE agent of a webrtcbin, and the words that it takes for servers."""

import gc

import pytest

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, require_gstreamer
from webrtc_bridge.gstreamer.peer.ice import set_up_ice

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)


def test_the_agent_lives_exactly_as_long_as_its_webrtcbin():
    gone = []
    webrtc = Gst.ElementFactory.make('webrtcbin')
    set_up_ice(webrtc)
    webrtc.get_property('ice-agent').weak_ref(gone.append, 'agent')
    gc.collect()
    assert gone == []
    assert not webrtc.get_property('ice-agent').get_property('agent').get_property('upnp')
    webrtc.set_state(Gst.State.NULL)
    del webrtc
    gc.collect()
    assert gone == ['agent']
