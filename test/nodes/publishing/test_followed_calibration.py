import logging
from pathlib import Path

import pytest
from support.ros.calibrations import FULL, WRITTEN_BY_CAMERA_CALIBRATION

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.calibration.calibration import calibration_from
from webrtc_bridge.nodes.calibration.calibration_file import load
from webrtc_bridge.nodes.publishing.followed_calibration import UNCALIBRATED, FollowedCalibration

NAN = FULL | {'d': [float('nan')]}


def with_focal_length(fx: float) -> dict[str, object]:
    return FULL | {'k': [fx, *FULL['k'][1:]]}  # type: ignore[misc]


@pytest.fixture
def url(tmp_path: Path) -> str:
    for name, fx in (('front', 100), ('rear_1', 200)):
        text = WRITTEN_BY_CAMERA_CALIBRATION.replace('438.76', str(fx))
        (tmp_path / f'{name}.yaml').write_text(text)
    return f'file://{tmp_path}/${{NAME}}.yaml'


def test_each_camera_has_its_file(url: str) -> None:
    calibration = FollowedCalibration(url, 'front')
    assert calibration.current.k[0] == 100
    assert calibration.follow('rear-1')
    assert calibration.current.k[0] == 200
    assert not calibration.follow('rear-1')
    calibration.follow('side')
    assert calibration.current is UNCALIBRATED
    calibration.follow('front')
    assert calibration.current.k[0] == 100


def test_what_is_set_before_the_first_camera_is_for_it(url: str, tmp_path: Path) -> None:
    calibration = FollowedCalibration(url, '')
    assert calibration.set(calibration_from(FULL)) == (
        False,
        'used for the first camera, but not saved: its name is not known yet',
    )
    calibration.follow('front')
    assert calibration.current.k[0] == 800
    calibration.follow('rear-1')
    assert calibration.current.k[0] == 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ['front.yaml', 'rear_1.yaml']


def test_the_first_registered_sender_has_its_file_as_well(url: str) -> None:
    calibration = FollowedCalibration(url, '')
    assert calibration.current is UNCALIBRATED
    calibration.follow('front')
    assert calibration.current.k[0] == 100


def test_what_is_set_is_saved_for_the_current_camera(url: str, tmp_path: Path) -> None:
    calibration = FollowedCalibration(url, 'front')
    calibration.follow('side')
    saved = calibration.set(calibration_from(FULL))
    assert saved == (True, f'saved to {tmp_path}/side.yaml')
    assert load(f'file://{tmp_path}/side.yaml').k[0] == 800
    assert load(f'file://{tmp_path}/front.yaml').k[0] == 100
    calibration.follow('front')
    assert calibration.current.k[0] == 100
    calibration.follow('side')
    assert calibration.current.k[0] == 800


def test_without_a_file_each_camera_keeps_what_is_set_for_it() -> None:
    calibration = FollowedCalibration('', 'front')
    calibration.set(calibration_from(with_focal_length(100)))
    calibration.follow('rear')
    assert calibration.current is UNCALIBRATED
    calibration.set(calibration_from(with_focal_length(200)))
    calibration.follow('front')
    assert calibration.current.k[0] == 100
    calibration.follow('rear')
    assert calibration.current.k[0] == 200


def test_each_sender_has_its_own_calibration_whenever_it_comes() -> None:
    calibration = FollowedCalibration('', 'front')
    calibration.set_senders(with_focal_length(100), 'front')
    calibration.set_senders(with_focal_length(200), 'rear')  # before its first picture
    assert calibration.current.k[0] == 100
    calibration.follow('rear')
    assert calibration.current.k[0] == 200
    calibration.follow('side')
    assert calibration.current is UNCALIBRATED


def test_the_calibrations_of_many_senders_are_not_kept() -> None:
    calibration = FollowedCalibration('', '')
    for number in range(100):
        calibration.set_senders(FULL, f'sender{number}')
    assert len(calibration._from_senders) == 8


def test_one_file_for_several_cameras_is_used_and_reported(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    calibration = FollowedCalibration(url.replace('${NAME}', 'front'), 'front')
    assert not caplog.records
    calibration.follow('rear-1')
    assert calibration.current.k[0] == 100
    (record,) = caplog.records
    assert ' is now used for rear-1, too: put ${NAME} into the name' in record.message


def test_a_broken_file_of_a_later_camera_is_logged_and_that_of_the_first_refused(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / 'side.yaml').write_text('image_width: 640')
    calibration = FollowedCalibration(url, 'front')
    calibration.follow('side')
    assert calibration.current is UNCALIBRATED
    (record,) = caplog.records
    assert 'side has no calibration: camera_info_url: ' in record.message
    with pytest.raises(OptionError, match='image_height: an entry'):
        FollowedCalibration(url, 'side')


def test_a_senders_nan_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    calibration = FollowedCalibration('', 'front')
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            calibration.set_senders(NAN, 'front')
    (record,) = caplog.records
    assert record.message.startswith('ignoring the camera_info of front: d: [nan] given')
    assert calibration.current is UNCALIBRATED
