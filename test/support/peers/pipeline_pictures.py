"""Pictures of a GStreamer pipeline, as viewers decode them."""

import av

from webrtc_bridge.gstreamer.capture.encoders import KINDS
from webrtc_bridge.gstreamer.capture.source import describe
from webrtc_bridge.gstreamer.library import Gst
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.options import GStreamerOptions

from .session_pair import until


class Errors(list):
    """The reasons for which a branch failed: a `BranchListener`."""

    def on_lost(self, reason):
        self.append(reason)

    def on_keyframe_late(self):
        pass


async def first_picture(source, encoder='x264enc', layer=Layer.FULL, codec=Codec.H264):
    """Return the first picture that a viewer of `source` gets in `layer`, as `codec`."""
    options = GStreamerOptions(source=source)
    pipeline = GStreamerPipeline(describe(options), 100_000, 0, lambda: None)
    await pipeline.start(KINDS[encoder])
    branch = Gst.parse_bin_from_description(
        'queue name=queue ! fakesink name=sink async=false', True
    )
    frames, errors = [], Errors()
    pipeline.add_branch(branch, errors)
    encoding = Encoding(codec, layer)
    pad = pipeline.link_branch(branch.get_static_pad('sink'), encoding)
    pipeline.request_keyframe(encoding)

    def on_frame(_, info):
        buffer = info.get_buffer()
        if frames or not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT):
            frames.append(bytes(buffer.extract_dup(0, buffer.get_size())))
        return Gst.PadProbeReturn.OK

    sink = branch.get_by_name('sink').get_static_pad('sink')
    sink.add_probe(Gst.PadProbeType.BUFFER, on_frame)
    try:
        await until(lambda: frames or errors)
    finally:
        pipeline.unlink_branch(pad, encoding)
        await pipeline.remove_branch(branch)
        await pipeline.close()
    assert not errors
    (picture,) = open_decoder(codec).decode(av.Packet(frames[0]))
    return picture
