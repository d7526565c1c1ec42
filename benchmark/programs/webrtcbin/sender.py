"""
Send the test pattern with GStreamer: x264enc into webrtcbin, set up for the least delay.

Signaling is one TCP connection: a line with the offer out, a line with the answer in.
"""

import argparse
import socket
import sys
import threading
import time

import av

from benchmark.plan import FPS
from benchmark.programs.webrtcbin.negotiation import (
    hear,
    local_description,
    run_until_signal,
    say,
    set_description,
)
from webrtc_bridge.gstreamer.library import Element, Gst, require_gstreamer
from webrtc_bridge.gstreamer.peer.ice import set_up_ice
from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate
from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.pixels.planes import plane_pixels

PIPELINE = """
    appsrc name=camera is-live=true format=time do-timestamp=true
        max-buffers=1 leaky-type=downstream
        caps=video/x-raw,format=I420,width={width},height={height},framerate={fps}/1
    ! x264enc tune=zerolatency speed-preset=ultrafast bframes=0 threads=2 aud=false
        key-int-max=1073741824 bitrate={kbit} vbv-buf-capacity=150
    ! video/x-h264,profile=constrained-baseline,stream-format=byte-stream
    ! rtph264pay config-interval=0 aggregate-mode=zero-latency pt=96
    ! application/x-rtp,media=video,encoding-name=H264,payload=96
    ! webrtcbin name=webrtc bundle-policy=max-bundle
"""
'The encoder as ours is set up; the bit rate too.'


def draw(camera: Element, width: int, height: int) -> None:
    """Push a picture into `camera` whenever one is due, for ever."""
    pattern, start, count = Pattern(width, height), time.monotonic(), 0
    while True:
        count += 1
        time.sleep(max(0.0, start + count / FPS - time.monotonic()))
        frame = pattern.draw(time.time_ns() // 1000 * 1000)
        camera.emit('push-buffer', Gst.Buffer.new_wrapped(tight(frame)))


def tight(frame: av.VideoFrame) -> bytes:
    """Return the planes of `frame` without the padding of FFmpeg's rows."""
    return b''.join([plane_pixels(plane).tobytes() for plane in frame.planes])


def serve(webrtc: Element, listener: socket.socket) -> None:
    """Offer to the one who connects, and take the answer."""
    connection, _ = listener.accept()
    with connection:
        say(connection, local_description(webrtc, 'offer'))
        set_description(webrtc, 'remote', 'answer', hear(connection))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--width', type=int, required=True)
    parser.add_argument('--height', type=int, required=True)
    given = parser.parse_args()
    require_gstreamer()
    kbit = automatic_bitrate(given.width, given.height, FPS) // 1000
    pipeline = Gst.parse_launch(PIPELINE.format(**vars(given), fps=FPS, kbit=kbit))
    webrtc, camera = pipeline.get_by_name('webrtc'), pipeline.get_by_name('camera')
    listener = socket.create_server(('127.0.0.1', 0))
    print(f'listening on {listener.getsockname()[1]}', flush=True)
    set_up_ice(webrtc)
    pipeline.set_state(Gst.State.PLAYING)
    threading.Thread(target=draw, args=(camera, given.width, given.height), daemon=True).start()
    serve(webrtc, listener)
    return run_until_signal(pipeline)


if __name__ == '__main__':
    sys.exit(main())
