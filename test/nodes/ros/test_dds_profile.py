import os
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from webrtc_bridge.nodes.ros import dds_profile
from webrtc_bridge.nodes.ros.dds_profile import image_segment, transports
from webrtc_bridge.nodes.ros.shared_memory import SEGMENT_SIZES

NAMESPACE = '{http://www.eprosima.com}'


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in dds_profile.CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_profile_has_a_large_segment_and_udp_and_is_gone_afterwards():
    with image_segment() as done:
        profile = Path(os.environ['FASTDDS_DEFAULT_PROFILES_FILE'])
        root = ElementTree.parse(profile).getroot()
        size = int(root.find(f'.//{NAMESPACE}segment_size').text) >> 20
        assert size in SEGMENT_SIZES
        assert f'{size} MB' in done.text
        assert [kind.text for kind in root.iter(f'{NAMESPACE}type')] == ['SHM', 'UDPv4']
    assert not profile.exists()
    assert not set(dds_profile.VARIABLES) & set(os.environ)


def test_with_too_little_shared_memory_nothing_is_set_and_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(dds_profile, 'fitting_size', lambda: 0)
    with image_segment() as done:
        assert '--shm-size' in done.text
        assert done.is_warning
        assert not set(dds_profile.VARIABLES) & set(os.environ)


@pytest.mark.parametrize('name', dds_profile.CHOICES)
def test_a_choice_in_the_environment_is_left_alone(monkeypatch, name):
    monkeypatch.setenv(name, 'chosen')
    before = dict(os.environ)
    with image_segment() as done:
        assert name in done.text
        assert dict(os.environ) == before
    assert dict(os.environ) == before


@pytest.mark.parametrize('name', dds_profile.FILES)
def test_a_profile_in_the_working_directory_is_left_alone(tmp_path, name):
    (tmp_path / name).touch()
    with image_segment() as done:
        assert name in done.text
        assert not set(dds_profile.VARIABLES) & set(os.environ)


def test_another_middleware_is_left_alone(monkeypatch):
    monkeypatch.setattr(
        dds_profile, 'get_rmw_implementation_identifier', lambda: 'rmw_cyclonedds_cpp'
    )
    with image_segment() as done:
        assert 'rmw_cyclonedds_cpp' in done.text
        assert not set(dds_profile.VARIABLES) & set(os.environ)


def test_a_user_who_only_names_fast_dds_gets_the_profile(monkeypatch):
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp')
    with image_segment():
        assert Path(os.environ['FASTDDS_DEFAULT_PROFILES_FILE']).exists()


@pytest.mark.parametrize('choice', ['auto', 'udp'])
def test_without_a_writable_temporary_folder_the_node_starts_with_a_warning(
    monkeypatch, tmp_path, choice
):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'missing'))
    with transports(choice, sends_images=True) as notice:
        assert notice.is_warning
        assert 'no temporary file for the settings of Fast DDS (no such file' in notice.text
        assert not set(dds_profile.VARIABLES) & set(os.environ)


@pytest.mark.parametrize('sends_images', [True, False])
def test_udp_is_the_only_transport_where_it_is_chosen(sends_images, monkeypatch):
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    with transports('udp', sends_images=sends_images) as notice:
        root = ElementTree.parse(os.environ['FASTDDS_DEFAULT_PROFILES_FILE']).getroot()
        assert [kind.text for kind in root.iter(f'{NAMESPACE}type')] == ['UDPv4']
        used = root.find(f'.//{NAMESPACE}userTransports')
        assert [each.text for each in used] == ['webrtc_bridge_udp']
        assert not notice.is_warning


def test_udp_warns_of_a_discovery_range_that_adds_shared_memory_again(monkeypatch):
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'localhost')
    with transports('udp', sends_images=True) as notice:
        assert notice.is_warning
        assert 'ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST' in notice.text


def test_a_node_that_sends_no_images_has_the_usual_transports():
    with transports('auto', sends_images=False) as notice:
        assert notice is None
        assert not set(dds_profile.VARIABLES) & set(os.environ)


def test_udp_gives_way_to_the_users_own_settings_with_a_warning(monkeypatch):
    monkeypatch.setenv('FASTDDS_BUILTIN_TRANSPORTS', 'SHM')
    with transports('udp', sends_images=True) as notice:
        assert notice.text.startswith('dds_transport udp has no effect: Fast DDS sends images as')
        assert notice.is_warning
        assert not set(dds_profile.VARIABLES) & set(os.environ)
