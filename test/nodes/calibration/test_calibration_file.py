import dataclasses
import math
import os
from pathlib import Path

import pytest
from support.ros.calibrations import FULL, WRITTEN_BY_CAMERA_CALIBRATION

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.calibration.calibration import Calibration, calibration_from
from webrtc_bridge.nodes.calibration.calibration_file import (
    CalibrationNotSavedError,
    load,
    path_of,
    save,
)
from webrtc_bridge.program import files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'front.yaml'
    path.write_text(WRITTEN_BY_CAMERA_CALIBRATION)
    return path


def test_a_file_of_camera_calibration_is_read(file):
    calibration = load(f'file://{file}')
    assert (calibration.width, calibration.height) == (640, 480)
    assert calibration.camera_name == 'narrow_stereo'
    assert calibration.distortion_model == 'plumb_bob'
    # 1e-05 is how yaml-cpp writes it, and a text to PyYAML.
    assert calibration.d == (-0.3614, 0.1101, 1e-05, 0.000562, 0.0)
    assert calibration.k == (438.76, 0.0, 305.59, 0.0, 437.30, 243.74, 0.0, 0.0, 1.0)
    assert calibration.r == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    assert calibration.p[:4] == (393.65, 0.0, 322.79, 0.0)
    assert calibration.known


def test_what_is_saved_is_read_again_and_leaves_nothing_else(file, tmp_path):
    calibration = load(f'file://{file}')
    copy = tmp_path / 'copy.yaml'
    save(copy, calibration)
    assert load(f'file://{copy}') == calibration
    assert sorted(path.name for path in tmp_path.iterdir()) == ['copy.yaml', 'front.yaml']


def test_a_link_still_leads_to_the_file_that_was_saved(file, tmp_path):
    link = tmp_path / 'link.yaml'
    link.symlink_to(file)
    save(link, Calibration(320, 240, camera_name='new'))
    assert link.is_symlink()
    assert load(f'file://{file}').camera_name == 'new'


def test_a_file_that_cannot_be_written_is_an_error_with_a_reason_and_leaves_nothing(tmp_path):
    occupied = tmp_path / 'folder.yaml'
    (occupied / 'full').mkdir(parents=True)
    with pytest.raises(CalibrationNotSavedError, match=r'cannot write .*folder.yaml: '):
        save(occupied, Calibration(320, 240))
    assert os.listdir(tmp_path) == ['folder.yaml']


def test_a_package_url_leads_below_the_share_of_the_package(tmp_path, monkeypatch):
    index = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    (index / 'my_robot').touch()
    folder = tmp_path / 'share' / 'my_robot' / 'calibration'
    folder.mkdir(parents=True)
    (folder / 'front.yaml').write_text(WRITTEN_BY_CAMERA_CALIBRATION)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    url = 'package://my_robot/calibration/front.yaml'
    assert path_of(url) == folder / 'front.yaml'
    assert load(url).camera_name == 'narrow_stereo'


def test_a_missing_file_is_not_an_error(tmp_path):
    assert load(f'file://{tmp_path}/none.yaml') is None


@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        ('file:///no/such/folder/front.yaml', 'a file in an existing folder'),
        ('package://no_such_package/front.yaml', 'an installed package'),
        ('file:///tmp', 'a readable file (is a directory)'),
    ],
)
def test_a_url_that_leads_nowhere_is_refused_by_name(url, expected, monkeypatch, tmp_path):
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    with pytest.raises(OptionError) as caught:
        load(url)
    assert str(caught.value) == f"camera_info_url: '{url}' given, expected {expected}"


@pytest.mark.parametrize(
    ('old', 'new', 'expected'),
    [
        ('rows', '\trows', 'a YAML file (error in line 5)'),
        ('image_width: 640', 'image_width: wide', 'with width: a whole number from 0 to 65535'),
        ('image_height: 480\n', '', 'with image_height: an entry'),
        ('image_width: 640', 'image_width: 0', 'with width, height: the size of the pictures'),
        ('[438.76, ', '[', 'with camera_matrix: rows, cols and data, 9 finite numbers'),
        ('[438.76, ', '[.nan, ', 'with camera_matrix: rows, cols and data, 9 finite numbers'),
        ('[438.76, ', '[many, ', 'with camera_matrix: rows, cols and data, 9 finite numbers'),
        ('projection_matrix', 'projection', 'with projection_matrix: an entry'),
        ('distortion_model: plumb_bob', 'distortion_model: [1]', 'with distortion_model: a short'),
    ],
)
def test_a_file_that_is_not_a_calibration_is_refused_in_one_line(file, old, new, expected):
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(OptionError) as caught:
        load(f'file://{file}')
    assert str(caught.value).startswith('camera_info_url: ')
    assert expected in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('content', [b'', b'\xff\xfe\x00', b'- 1\n', b'[' * 5000, b'!!python/x 1'])
def test_a_file_of_something_else_is_refused(file, content):
    file.write_bytes(content)
    with pytest.raises(OptionError, match=r'^camera_info_url: '):
        load(f'file://{file}')


def test_a_smaller_picture_has_its_matrices_scaled():
    scaled = calibration_from(FULL).scaled_to(640, 240)
    assert (scaled.width, scaled.height) == (640, 240)
    assert scaled.k == (400, 0, 320, 0, 205, 120, 0, 0, 1)
    assert scaled.p == (400, 0, 320, -40, 0, 205, 120, 0, 0, 0, 1, 0)
    assert (scaled.d, scaled.r) == ((0.1,), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def test_binning_and_a_region_stay_where_they_explain_the_size():
    roi = {'x_offset': 320, 'y_offset': 240, 'width': 640, 'height': 480, 'do_rectify': True}
    whole = calibration_from({**FULL, 'binning_x': 2, 'binning_y': 2, 'roi': roi})
    assert whole.picture_size == (320, 240)
    assert whole.scaled_to(320, 240) is whole


RECTIFIED = FULL | {'k': [0] * 9}


def test_a_rectified_camera_with_p_alone_is_scaled_as_image_proc_does():
    scaled = calibration_from(RECTIFIED).scaled_to(640, 240)
    # image_proc's ResizeNode: fx, cx and Tx times the width's scale, fy and cy times the height's.
    assert scaled.p == (400, 0, 320, -40, 0, 205, 120, 0, 0, 0, 1, 0)
    assert scaled.k == (0,) * 9
    assert (scaled.d, scaled.r) == ((0.1,), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    assert (scaled.distortion_model, scaled.known) == ('plumb_bob', True)
    assert not scaled.has_shape_of(640, 480)


@pytest.mark.parametrize(('absent', 'size'), [('k', 9), ('p', 12)])
def test_a_matrix_that_is_absent_stays_zero_where_a_region_is_cut_out(absent, size):
    roi = {'x_offset': 100, 'y_offset': 50, 'width': 640, 'height': 480}
    scaled = calibration_from(FULL | {absent: [0] * size, 'roi': roi}).scaled_to(320, 240)
    assert getattr(scaled, absent) == (0,) * size


def test_binning_and_a_region_go_into_the_matrices_of_a_scaled_picture():
    roi = {'x_offset': 320, 'y_offset': 240, 'width': 640, 'height': 480, 'do_rectify': True}
    scaled = calibration_from({**FULL, 'binning_x': 2, 'binning_y': 2, 'roi': roi}).scaled_to(
        160, 120
    )
    assert scaled.k == (200, 0, 80, 0, 205, 60, 0, 0, 1)
    assert (scaled.width, scaled.height, scaled.binning_x) == (160, 120, 0)
    assert (scaled.roi.width, scaled.roi.x_offset, scaled.roi.do_rectify) == (0, 0, True)
    assert scaled.picture_size == (160, 120)


def test_an_uncalibrated_camera_stays_so_at_any_size():
    scaled = calibration_from({'width': 640, 'height': 480}).scaled_to(320, 200)
    assert scaled == Calibration(320, 200)
    assert not scaled.known


@pytest.mark.parametrize(
    ('width', 'height', 'same'), [(640, 480, True), (642, 480, True), (640, 360, False)]
)
def test_another_shape_is_distinguished_from_rounded_sides(width, height, same):
    assert calibration_from(FULL).has_shape_of(width, height) is same


def test_a_calibration_survives_being_a_mapping():
    calibration = calibration_from({**FULL, 'roi': {'x_offset': 3, 'width': 10, 'height': 10}})
    assert calibration_from(dataclasses.asdict(calibration)) == calibration


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('width', -1),
        ('width', 0),
        ('width', 1e9),
        ('height', True),
        ('k', [1.0] * 8),
        ('k', [math.inf] * 9),
        ('p', 'abcdefghijkl'),
        ('d', [0.0] * 65),
        ('d', None),
        ('d', [10**400]),
        ('d', {'a': 1}),
        ('roi', [1]),
        ('roi', {'x_offset': 'a'}),
        ('distortion_model', 'a\nb'),
    ],
)
def test_an_invalid_field_is_named(field, value):
    with pytest.raises(OptionError, match=f'^{field}|x_offset'):
        calibration_from({**FULL, field: value})


def test_a_pipe_whose_writer_stays_silent_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'PATIENCE', 3600.0)
    path = tmp_path / 'front.yaml'
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    with os.fdopen(writer, 'w'), pytest.raises(OptionError, match='no answer in time'):
        load(f'file://{path}')
