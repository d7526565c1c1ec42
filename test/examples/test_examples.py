"""The programs in examples/, which use none of our code, with ours at the other end."""

import asyncio
import runpy
import time
from fractions import Fraction
from pathlib import Path
from statistics import median

from aiortc import VideoStreamTrack
from support.signaling.waiting import until

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver

EXAMPLES = Path(__file__).parents[2] / 'examples'
SECOND = 1_000_000_000
'RTP time that is taken for Unix time, or from another origin, is hours off.'


def example(name):
    return runpy.run_path(str(EXAMPLES / name), run_name='example')


async def test_the_receiver_knows_when_pictures_were_captured(start_module, server):
    sender = await start_module('commands.webcam', '--server', server.url, '--source', 'test')
    await sender.line('registered')
    errors = []
    enough = asyncio.Event()

    def on_picture(frame, capture_ns):
        clock = read_clock(plane_pixels(frame.planes[0]))
        if clock is not None:
            errors.append(capture_ns - clock)
        if len(errors) == 30:
            enough.set()

    receive = example('receive_video.py')['receive']
    receiving = asyncio.ensure_future(receive(server.url, on_picture))
    try:
        await asyncio.wait_for(enough.wait(), 20)
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    assert abs(median(errors)) < SECOND


class PatternTrack(VideoStreamTrack):
    """The test pattern, whose clock is the time of capture."""

    async def recv(self):
        pts, _ = await self.next_timestamp()
        frame = Pattern(320, 240).draw(time.time_ns())
        frame.pts, frame.time_base = pts, Fraction(1, 90_000)
        return frame


async def test_pictures_of_the_sender_have_the_time_of_their_capture(server):
    errors = []

    def on_picture(received):
        clock = read_clock(plane_pixels(received.picture.planes[0]))
        if clock is not None:
            errors.append(received.stamp_ns - clock)

    receiver = Receiver(ReceiverOptions(server.url, 'guest'), PictureSink(on_picture))
    sending = example('send_video.py')['send'](server.url, 'guest', PatternTrack)
    tasks = [asyncio.ensure_future(sending), asyncio.ensure_future(receiver.run())]
    try:
        await until(lambda: len(errors) >= 30)
        report = await receiver.report()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert report.clock_offset_ms is not None
    assert abs(median(errors)) < SECOND
