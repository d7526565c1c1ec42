"""The colours of any source as a viewer of the GStreamer sender sees them."""

import pytest
from support.media.colour_charts import (
    BT601,
    BT709,
    BT2020,
    COLOURS,
    FULL,
    LIMITED,
    chart,
    difference,
    write_chart,
)

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.media.frames import Codec, Layer

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from support.peers.pipeline_pictures import first_picture

SD, HD = (96, 64), (96, 578)
RED = COLOURS[0]
MAIN = {'profile': 'main', 'bf': '0'}
PASSED = {'profile': 'baseline', 'g': '2'}

FILMS = {
    '601.mp4': ('libx264', BT601, False, HD, MAIN),
    '709.mp4': ('libx264', BT709, False, SD, MAIN),
    '2020.mp4': ('libx264', BT2020, False, SD, MAIN),
    'full-601.mp4': ('libx264', BT601, True, HD, MAIN),
    'full-709.mp4': ('libx264', BT709, True, SD, MAIN),
    'untagged-hd.mp4': ('libx264', BT709, False, HD, MAIN),
    'untagged-sd.mp4': ('libx264', BT601, False, SD, MAIN),
    'untagged-full-sd.mp4': ('libx264', BT601, True, SD, MAIN),
    'untagged-passed-hd.mp4': ('libx264', BT709, False, HD, PASSED),
    'untagged-passed-full-hd.mp4': ('libx264', BT709, True, HD, PASSED),
    'jpeg.avi': ('mjpeg', BT601, True, (96, 592), {}),
    'vp8.mkv': ('libvpx', BT601, False, SD, {}),
}


CASES = [
    *((name, 'x264enc') for name in FILMS),
    *((name, 'openh264enc') for name in ('601.mp4', '709.mp4', '2020.mp4', 'full-709.mp4')),
]


@pytest.mark.parametrize(('name', 'encoder'), CASES)
async def test_a_film_is_seen_in_the_colours_that_it_was_made_of(tmp_path, name, encoder):
    codec, matrix, full, size, options = FILMS[name]
    picture = chart(RED, matrix, full, 'yuvj420p' if full else 'yuv420p', size)
    if 'untagged' in name:
        picture.colorspace = 2
    path = write_chart(tmp_path / name, picture, codec, frames=40, options=options)
    demuxed = 'qtdemux' if 'passed' in name else 'decodebin'
    seen = await first_picture(f'filesrc location={path} ! {demuxed}', encoder)
    assert difference(seen, RED) <= 3
    assert (seen.color_primaries, seen.color_trc) == ((9, 14) if matrix == BT2020 else (1, 1))
    assert seen.colorspace == matrix
    assert seen.color_range == (FULL if full else LIMITED)


@pytest.mark.parametrize('name', ['709.mp4', '2020.mp4', 'full-709.mp4', 'untagged-sd.mp4'])
async def test_in_vp8_too_which_has_room_for_one_matrix_and_range(tmp_path, name):
    codec, matrix, full, size, options = FILMS[name]
    picture = chart(RED, matrix, full, 'yuvj420p' if full else 'yuv420p', size)
    path = write_chart(tmp_path / name, picture, codec, frames=40, options=options)
    seen = await first_picture(f'filesrc location={path} ! decodebin', codec=Codec.VP8)
    seen.colorspace, seen.color_range = BT601, LIMITED  # RFC 6386, section 9.2
    assert difference(seen, RED) <= 3


async def test_half_the_size_has_the_colours_of_the_whole(tmp_path):
    picture = chart(RED, BT709, size=(192, 720), declared=False)
    path = write_chart(tmp_path / 'film.mp4', picture, frames=80, options=MAIN)
    seen = await first_picture(f'filesrc location={path} ! decodebin', layer=Layer.SMALL)
    assert seen.height == 360
    assert difference(seen, RED) <= 3


@pytest.mark.parametrize('encoder', ['x264enc', 'openh264enc'])
@pytest.mark.parametrize('height', [64, 600])
async def test_red_green_and_blue_arrive_as_they_were(height, encoder):
    red = '0xff' + bytes(RED).hex()
    seen = await first_picture(
        f'videotestsrc is-live=true pattern=solid-color foreground-color={red}'
        f' ! video/x-raw,format=RGB,width=256,height={height}',
        encoder,
    )
    # openh264enc may round one colour a step further; another matrix changes it by 16.
    assert difference(seen, RED) <= (5 if encoder == 'openh264enc' else 3)
    assert seen.colorspace == (BT709 if height > 576 else BT601)
