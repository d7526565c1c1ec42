"""The elements that are put behind the pads of a source."""

import pytest

from webrtc_bridge.errors import RequirementError, SourceUnreadable
from webrtc_bridge.gstreamer.library import Gst, require_gstreamer
from webrtc_bridge.options import GStreamerOptions

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.source import describe
from webrtc_bridge.gstreamer.capture.source_bin import put


def test_a_format_that_no_element_takes_is_reported():
    source = describe(GStreamerOptions(source='audiotestsrc'))
    sound = Gst.parse_bin_from_description('audiotestsrc', True)
    whole = Gst.Bin.new('whole')
    whole.add(sound)
    with pytest.raises(SourceUnreadable, match='audiotestsrc: its video has a format that no'):
        put(whole, source, sound.get_static_pad('src'), 'videoconvert')
