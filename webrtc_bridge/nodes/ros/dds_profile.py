"""
The transports of Fast DDS: a shared-memory segment that is large enough for images, or UDP alone.

The default segment of 512 KB delivers 0 to 5 % of all images above 640x480 to best-effort
subscribers, and late or not at all to reliable ones; 64 MB on the publisher's side alone delivers
all. Fast DDS takes the size only from an XML file, which it reads when the process makes its first
participant.

Fast DDS takes shared memory for every participant of the same host, and does not notice that a
container with a /dev/shm of its own, or a process of another user, cannot read it. UDP reaches
both.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rclpy.utilities import get_rmw_implementation_identifier

from webrtc_bridge.errors import describe
from webrtc_bridge.nodes.ros.shared_memory import (
    SEGMENT_SIZES,
    fitting_size,
    remove_stale_segments,
)

VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
'Variables that name an XML file for Fast DDS 3 (Kilted and newer), and for version 2.'

CHOICES = (*VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS')
'Environment variables with which a user chooses transports.'

FILES = ('DEFAULT_FASTDDS_PROFILES.xml', 'DEFAULT_FASTRTPS_PROFILES.xml')
'Files in the working directory that Fast DDS reads on its own.'

SHARED_MEMORY = """\
      <transport_descriptor>
        <transport_id>webrtc_bridge_shared_memory</transport_id>
        <type>SHM</type>
        <segment_size>{bytes}</segment_size>
      </transport_descriptor>
"""

PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com">
  <profiles>
    <transport_descriptors>
{shared_memory}\
      <transport_descriptor>
        <transport_id>webrtc_bridge_udp</transport_id>
        <type>UDPv4</type>
      </transport_descriptor>
    </transport_descriptors>
    <participant profile_name="webrtc_bridge" is_default_profile="true">
      <rtps>
        <userTransports>
{used}\
          <transport_id>webrtc_bridge_udp</transport_id>
        </userTransports>
        <useBuiltinTransports>false</useBuiltinTransports>
      </rtps>
    </participant>
  </profiles>
</dds>
"""
'The built-in transports, UDP and shared memory, with another size of the segment; or UDP alone.'


@dataclass(frozen=True)
class Notice:
    """A line for the log about the transports."""

    text: str
    is_warning: bool = False


@contextlib.contextmanager
def transports(choice: str, *, sends_images: bool) -> Iterator[Notice | None]:
    """
    Make participants created in this block use the transports of `choice`, auto or udp.

    A choice that the user made for all of Fast DDS, by a file or the environment, comes first.
    Yields what to log. Enter it before `rclpy.init`, and create the node inside; afterwards
    neither the file nor the variable is needed.
    """
    if choice == 'udp':
        if users := users_choice(os.environ):
            yield Notice(f'dds_transport udp has no effect: {users}', is_warning=True)
        else:
            with profile(udp_profile()) as failed:
                yield failed or udp_notice(os.environ)
    elif sends_images:
        with image_segment() as notice:
            yield notice
    else:
        yield None


def udp_notice(variables: Mapping[str, str]) -> Notice:
    """Return what to log where UDP alone is used."""
    if variables.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '').upper() == 'LOCALHOST':
        # Jazzy's rmw_fastrtps adds shared memory again; with Kilted's, 0 of 200 images arrived.
        text = 'dds_transport udp does not work with ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST'
        return Notice(text, is_warning=True)
    return Notice('Fast DDS sends and receives by UDP alone')


@contextlib.contextmanager
def image_segment() -> Iterator[Notice]:
    """Make participants created in this block use a large segment, unless the user chose."""
    if users := users_choice(os.environ):
        yield Notice(users)
        return
    remove_stale_segments()
    megabytes = fitting_size()
    if not megabytes:
        text = (
            f'less than {2 * SEGMENT_SIZES[-1]} MB of shared memory are free: images may arrive '
            'late or not at all; in Docker, use --ipc=host or --shm-size=256m'
        )
        yield Notice(text, is_warning=True)
        return
    with profile(shared_memory_profile(megabytes << 20)) as failed:
        yield failed or Notice(f'Fast DDS sends images through {megabytes} MB of shared memory')


def shared_memory_profile(size: int) -> str:
    """Return the XML for UDP and a segment of `size` bytes."""
    used = '          <transport_id>webrtc_bridge_shared_memory</transport_id>\n'
    return PROFILE.format(shared_memory=SHARED_MEMORY.format(bytes=size), used=used)


def udp_profile() -> str:
    """Return the XML for UDP alone."""
    return PROFILE.format(shared_memory='', used='')


@contextlib.contextmanager
def profile(text: str) -> Iterator[Notice | None]:
    """Make participants created in this block read `text`; yield why it is not possible."""
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='webrtc_bridge_'))
            file = Path(folder, 'fastdds_profile.xml')
            file.write_text(text, encoding='utf-8')
        except OSError as exc:
            reason = f'no temporary file for the settings of Fast DDS ({describe(exc)})'
            yield Notice(f'{reason}: images may arrive late or not at all', is_warning=True)
            return
        with environment({variable: str(file) for variable in read_variables()}):
            yield None


def users_choice(variables: Mapping[str, str]) -> str:
    """Describe the user's own choice, by environment or file, of transports; empty without one."""
    middleware = get_rmw_implementation_identifier()
    if not middleware.startswith('rmw_fastrtps'):
        return f'{middleware} sends images with its own configuration'
    for variable in CHOICES:
        if variables.get(variable):
            return f'Fast DDS sends images as configured by {variable}'
    for name in FILES:
        if Path(name).exists():
            return f'Fast DDS sends images as configured by {name}'
    return ''


def read_variables() -> tuple[str, ...]:
    """Return the variables that this ROS reads; Kilted warns of the older name alone."""
    try:
        version = metadata.version('rclpy')
    except metadata.PackageNotFoundError:
        return VARIABLES
    # rclpy 7 comes with Jazzy and Fast DDS 2.
    return VARIABLES if int(version.split('.')[0]) < 8 else VARIABLES[:1]


@contextlib.contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set `variables` in this block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
