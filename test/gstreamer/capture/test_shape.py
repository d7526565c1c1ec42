"""Films of phones, and anamorphic ones, through the GStreamer sender."""

from fractions import Fraction

import numpy as np
import pytest
from support.media.colour_charts import BT601, COLOURS, chart, difference, write_chart
from support.media.raw_images import quarters
from support.media.turned_films import SIZE, TURNS, colours, film

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.media.frames import Layer

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from support.peers.pipeline_pictures import first_picture

KNOWN = [name for name in TURNS if name != 'mirrored, then 90 to the right']
'The turns that qtdemux 1.22 knows.'


@pytest.mark.parametrize('layer', list(Layer), ids=['full', 'small'])
@pytest.mark.parametrize('name', KNOWN)
async def test_a_film_is_shown_upright(tmp_path, name, layer):
    matrix, shown = TURNS[name]
    path = film(tmp_path / 'film.mp4', matrix, 'main', frames=100)
    picture = await first_picture(f'filesrc location={path} ! decodebin', layer=layer)
    wanted, seen = shown(quarters(*SIZE)), picture.to_ndarray(format='rgb24')
    scale = 2 if layer is Layer.SMALL else 1
    assert seen.shape == (wanted.shape[0] // scale, wanted.shape[1] // scale, 3)
    assert np.abs(colours(seen) - colours(wanted)).max() <= 8


@pytest.mark.parametrize('name', ['upright', '90 to the right', 'upside down'])
async def test_only_an_upright_film_is_passed_through(tmp_path, name, caplog):
    caplog.set_level('INFO')
    matrix, shown = TURNS[name]
    path = film(tmp_path / 'film.mp4', matrix, 'baseline', frames=100)
    picture = await first_picture(f'filesrc location={path} ! qtdemux')
    wanted, seen = shown(quarters(*SIZE)), picture.to_ndarray(format='rgb24')
    assert seen.shape == wanted.shape
    assert np.abs(colours(seen) - colours(wanted)).max() <= 8
    assert ('no encoder runs' in caplog.text) is (name == 'upright')


@pytest.mark.parametrize('profile', ['main', 'baseline'])
@pytest.mark.parametrize(
    ('aspect', 'wanted'), [(Fraction(2), (192, 64)), (Fraction(1, 2), (96, 128))]
)
async def test_an_anamorphic_film_is_shown_in_its_true_shape(tmp_path, aspect, wanted, profile):
    picture = chart(COLOURS[0], BT601, size=(96, 64))
    options = {'profile': profile, 'bf': '0'}
    path = write_chart(tmp_path / 'film.mp4', picture, frames=40, options=options, aspect=aspect)
    seen = await first_picture(f'filesrc location={path} ! qtdemux')
    assert (seen.width, seen.height) == wanted
    assert difference(seen, COLOURS[0]) <= 3
