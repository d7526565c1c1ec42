"""Encode pictures with the GStreamer sender's encoder."""

import math
import time
from collections.abc import Sequence

import av

from benchmark.plan import FPS
from webrtc_bridge.gstreamer.capture.encoders import KINDS
from webrtc_bridge.gstreamer.capture.layer_encoder import LayerEncoder, PictureFormat
from webrtc_bridge.gstreamer.library import Element, Gst
from webrtc_bridge.media.codec.profile_choice import ProfileChoice
from webrtc_bridge.media.frames import Codec, Encoding
from webrtc_bridge.media.load import encoder_load

KIND = 'x264enc'
TIMEOUT = 5 * 1_000_000_000


def is_installed() -> bool:
    """Return whether there is such an encoder."""
    if Gst is None:
        return False
    Gst.init(None)
    return Gst.ElementFactory.find(KIND) is not None


def encode(
    pictures: Sequence[av.VideoFrame], bitrate: int
) -> tuple[list[bytes], float, list[float]]:
    """Return the H.264 of each picture, the CPU time and each wall time in seconds."""
    # Pictures come here as fast as they are encoded, which is not what a strained machine sees.
    encoder_load.STRAINED = math.inf
    raw = [picture.to_ndarray(format='yuv420p').tobytes() for picture in pictures]
    pipeline, source, sink = _pipeline(pictures[0].width, pictures[0].height, bitrate)
    pipeline.set_state(Gst.State.PLAYING)
    frames, walls, before = [], [], time.process_time()
    try:
        for number, planes in enumerate(raw):
            start = time.perf_counter()
            buffer = Gst.Buffer.new_wrapped(planes)
            buffer.pts, buffer.duration = number * Gst.SECOND // FPS, Gst.SECOND // FPS
            source.emit('push-buffer', buffer)
            encoded = sink.emit('try-pull-sample', TIMEOUT).get_buffer()
            walls.append(time.perf_counter() - start)
            frames.append(encoded.extract_dup(0, encoded.get_size()))
        return frames, time.process_time() - before, walls
    finally:
        pipeline.set_state(Gst.State.NULL)


def _pipeline(width: int, height: int, bitrate: int) -> tuple[Element, Element, Element]:
    encoding, picture_format = Encoding(Codec.H264), PictureFormat((width, height), FPS, True)
    layer = LayerEncoder(KINDS[KIND], encoding, picture_format, bitrate, ProfileChoice())
    layer.set_watched(True)
    pipeline = Gst.Pipeline.new('quality')
    source, sink = (Gst.ElementFactory.make(name) for name in ('appsrc', 'appsink'))
    caps = f'video/x-raw,format=I420,width={width},height={height},framerate={FPS}/1'
    source.set_property('caps', Gst.Caps.from_string(caps))
    source.set_property('format', Gst.Format.TIME)
    sink.set_property('sync', False)
    for element in (source, layer.element, sink):
        pipeline.add(element)
    source.link(layer.element)
    layer.element.link(sink)
    # Only in Python does the layer live as long as its element.
    pipeline.layer = layer
    return pipeline, source, sink
