"""Films of phones, which lie on their side and say so."""

import numpy as np
import pytest
from support.media.raw_images import quarters
from support.media.sources import first_pictures
from support.media.turned_films import SIZE, TURNS, colours, film

from webrtc_bridge.media.frames import CapturedFrame


@pytest.mark.parametrize('profile', ['main', 'baseline'])
@pytest.mark.parametrize('name', list(TURNS))
def test_a_film_is_shown_upright(tmp_path, name, profile):
    matrix, shown = TURNS[name]
    path = film(tmp_path / 'film.mp4', matrix, profile)
    # Twice, because it plays in a loop.
    for frame in first_pictures(path, 6):
        wanted = shown(quarters(*SIZE))
        seen = frame.picture.to_ndarray(format='rgb24')
        assert seen.shape == wanted.shape
        assert np.abs(colours(seen) - colours(wanted)).max() <= 6


@pytest.mark.parametrize('name', list(TURNS))
def test_only_an_upright_film_is_passed_through(tmp_path, name, caplog):
    caplog.set_level('INFO')
    path = film(tmp_path / 'film.mp4', TURNS[name][0], 'baseline')
    frames = first_pictures(path, 6, passes_h264=True)
    turned = name != 'upright'
    assert [isinstance(frame, CapturedFrame) for frame in frames] == [turned] * 6
    assert ('transcoding its H.264: it is marked as rotated or mirrored' in caplog.text) is turned
    if turned:
        seen = frames[-1].picture.to_ndarray(format='rgb24')
        wanted = TURNS[name][1](quarters(*SIZE))
        assert np.abs(colours(seen) - colours(wanted)).max() <= 6
