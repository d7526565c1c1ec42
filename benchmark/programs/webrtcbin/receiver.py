"""Receive with webrtcbin, set up for the least delay, and publish with rclpy like ours."""

import argparse
import socket
import sys
import threading
import time
from typing import Any

import rclpy
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from benchmark.programs.webrtcbin.negotiation import (
    local_description,
    receive_description,
    run_until_signal,
    send_description,
    set_description,
)
from webrtc_bridge.gstreamer.library import Element, Gst, require_gstreamer
from webrtc_bridge.gstreamer.peer.ice import set_up_ice
from webrtc_bridge.gstreamer.structures import first_structure
from webrtc_bridge.nodes.ros.dds_profile import image_segment
from webrtc_bridge.nodes.ros.stamps import header

DECODING = """
    rtph264depay wait-for-keyframe=true request-keyframe=true ! h264parse ! {decoder}
    ! videoconvert n-threads=1
    ! video/x-raw,format=BGR
    ! appsink name=pictures sync=false max-buffers=1 drop=true
"""
DECODERS = ('avdec_h264 thread-type=slice max-threads=2 output-corrupt=false', 'openh264dec')
"FFmpeg's, if it is installed."


def decoding() -> Element:
    """Return the decoder, with a free pad to link to."""
    decoder = next(text for text in DECODERS if Gst.ElementFactory.find(text.split()[0]))
    return Gst.parse_bin_from_description(DECODING.format(decoder=decoder), True)


def receive(pipeline: Element, connection: socket.socket, publisher: 'Publisher[Image]') -> None:
    """Answer the offer; decode and publish the video that is received."""
    webrtc = Gst.ElementFactory.make('webrtcbin')
    webrtc.set_property('latency', 0)
    webrtc.set_property('bundle-policy', 'max-bundle')
    set_up_ice(webrtc)
    pipeline.add(webrtc)

    def on_pad(_: Element, pad: Any) -> None:
        decoder = decoding()
        pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad('sink'))
        pictures = decoder.get_by_name('pictures')
        threading.Thread(target=publish, args=(pictures, publisher), daemon=True).start()

    def on_element(_: Any, __: Any, element: Element) -> None:
        if element.get_name().startswith('rtpjitterbuffer'):
            element.set_property('drop-on-latency', True)

    webrtc.connect('pad-added', on_pad)
    webrtc.connect('deep-element-added', on_element)
    pipeline.set_state(Gst.State.PLAYING)
    set_description(webrtc, 'remote', 'offer', receive_description(connection))
    send_description(connection, local_description(webrtc, 'answer'))


def publish(pictures: Element, publisher: 'Publisher[Image]') -> None:
    """Publish every picture of the appsink `pictures`, forever."""
    while True:
        sample = pictures.emit('pull-sample')
        if sample is None:
            return
        caps, buffer = first_structure(sample.get_caps()), sample.get_buffer()
        width, height = caps.get_value('width'), caps.get_value('height')
        with buffer.map(Gst.MapFlags.READ) as mapped:
            message = Image(header=header('camera', time.time_ns()), encoding='bgr8')
            message.width, message.height = width, height
            message.step = len(mapped.data) // height
            # No copy, as in ours: the setter would copy byte by byte.
            message._data = mapped.data
            publisher.publish(message)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--topic', required=True)
    options = parser.parse_args()
    require_gstreamer()
    with image_segment():
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        node = rclpy.create_node('webrtcbin_receiver')
    publisher = node.create_publisher(Image, options.topic, 10)
    pipeline = Gst.Pipeline.new('receiver')
    with socket.create_connection(('127.0.0.1', options.port)) as connection:
        receive(pipeline, connection, publisher)
    return run_until_signal(pipeline)


if __name__ == '__main__':
    sys.exit(main())
