"""A sender whose source encodes H.264 itself."""

import asyncio
from fractions import Fraction

import av
import pytest

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.receiver import Receiver

START = 1_700_000_000_000_000_000


def write_film(path, profile):
    """Write two seconds of the test pattern, with a keyframe each half; return its pictures."""
    pattern = Pattern(320, 240)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 240, 'yuv420p'
        stream.codec_context.gop_size = 6
        stream.options = {'profile': profile, 'tune': 'zerolatency'}
        for n in range(60):
            picture = pattern.draw(START + n * 33_000_000)
            picture.pts, picture.time_base = n, Fraction(1, 30)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def slices(data):
    """Return the coded slices of a byte stream."""
    units = data.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1')[1:]
    return [unit for unit in units if unit[0] & 0x1F in (1, 5)]


async def watched(url, count):
    """Return encoded frames and the clocks of `count` pictures that a receiver gets."""
    encoded, clocks, done = [], [], asyncio.Event()
    loop = asyncio.get_running_loop()

    class Watching(FrameSink):
        def wants_frames(self):
            return True

        def on_picture(self, received):
            clocks.append(read_clock(plane_pixels(received.picture.planes[0])))
            if len(clocks) >= count:
                loop.call_soon_threadsafe(done.set)

        def on_frame(self, frame, stamp_ns, sender_id):
            encoded.append(frame)

    task = asyncio.ensure_future(Receiver(ReceiverOptions(url, 'cam'), Watching()).run())
    try:
        await asyncio.wait_for(done.wait(), 20)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return encoded, clocks


@pytest.mark.parametrize('profile', ['baseline', 'high'])
async def test_a_film_leaves_as_it_is_if_viewers_take_its_profile(
    start_module, server, tmp_path, profile
):
    path = tmp_path / 'film.mp4'
    packets = write_film(path, profile)
    sender = await start_module(
        'commands.webcam', '--server', server.url, '--id', 'cam', '--source', str(path)
    )
    await sender.line('registered')
    encoded, clocks = await watched(server.url, 45)
    assert None not in clocks
    passed = [
        unit in packet
        for frame in encoded
        for unit in slices(frame.data)
        for packet in [b''.join(packets)]
    ]
    assert set(passed) == {profile == 'baseline'}
    if profile == 'baseline':
        await sender.line('H.264 is passed through without transcoding: Constrained Baseline')
        assert 'encoding ' not in sender.output
    else:
        await sender.line('transcoding its H.264 High')
        await sender.line('encoding 320x240 as H264')
    assert await sender.stop() == 0
    assert 'Traceback' not in sender.output


async def test_a_viewer_of_vp8_sees_a_film_that_is_passed_through(start_module, server, tmp_path):
    path = tmp_path / 'film.mp4'
    write_film(path, 'baseline')
    sender = await start_module(
        'commands.webcam',
        *('--server', server.url, '--id', 'cam', '--source', str(path), '--codec', 'vp8'),
    )
    await sender.line('registered')
    encoded, clocks = await watched(server.url, 20)
    assert None not in clocks[5:]
    assert {frame.codec.value for frame in encoded} == {'VP8'}
    assert await sender.stop() == 0
