"""
Send the test pattern with GStreamer: x264enc into webrtcbin, set up for the least delay.

Signaling is one TCP connection, with the offer in a line out and the answer in a line in.
"""

import argparse
import socket
import sys
import threading
import time

import av

from benchmark.plan import FPS
from benchmark.programs.webrtcbin.negotiation import (
    local_description,
    receive_description,
    run_until_signal,
    send_description,
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
'The encoder and its bit rate are set up like ours.'


def draw(camera: Element, width: int, height: int) -> None:
    """Push a picture into `camera` whenever one is due, forever."""
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
    """Send an offer to the receiver that connects, and apply the answer."""
    connection, _ = listener.accept()
    with connection:
        send_description(connection, local_description(webrtc, 'offer'))
        set_description(webrtc, 'remote', 'answer', receive_description(connection))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--width', type=int, required=True)
    parser.add_argument('--height', type=int, required=True)
    options = parser.parse_args()
    require_gstreamer()
    kbit = automatic_bitrate(options.width, options.height, FPS) // 1000
    pipeline = Gst.parse_launch(PIPELINE.format(**vars(options), fps=FPS, kbit=kbit))
    webrtc, camera = pipeline.get_by_name('webrtc'), pipeline.get_by_name('camera')
    listener = socket.create_server(('127.0.0.1', 0))
    print(f'listening on {listener.getsockname()[1]}', flush=True)
    set_up_ice(webrtc)
    pipeline.set_state(Gst.State.PLAYING)
    size = options.width, options.height
    threading.Thread(target=draw, args=(camera, *size), daemon=True).start()
    serve(webrtc, listener)
    return run_until_signal(pipeline)


if __name__ == '__main__':
    sys.exit(main())
