"""
A shared-memory segment for Fast DDS that is large enough for images.

The default of 512 KB delivers 0 to 5 % of all images above 640x480 to best-effort subscribers,
and late or not at all to reliable ones; 64 MB on the publisher's side alone delivers all. Fast DDS
takes the size only from an XML file, which it reads when the process makes its first participant.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from rclpy.utilities import get_rmw_implementation_identifier

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

PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com">
  <profiles>
    <transport_descriptors>
      <transport_descriptor>
        <transport_id>webrtc_bridge_shared_memory</transport_id>
        <type>SHM</type>
        <segment_size>{bytes}</segment_size>
      </transport_descriptor>
      <transport_descriptor>
        <transport_id>webrtc_bridge_udp</transport_id>
        <type>UDPv4</type>
      </transport_descriptor>
    </transport_descriptors>
    <participant profile_name="webrtc_bridge" is_default_profile="true">
      <rtps>
        <userTransports>
          <transport_id>webrtc_bridge_shared_memory</transport_id>
          <transport_id>webrtc_bridge_udp</transport_id>
        </userTransports>
        <useBuiltinTransports>false</useBuiltinTransports>
      </rtps>
    </participant>
  </profiles>
</dds>
"""
'The built-in transports, UDP and shared memory, with another size of the segment.'


@contextlib.contextmanager
def image_segment() -> Iterator[str]:
    """
    Make participants created in this block use a large segment, unless the user chose otherwise.

    Yields one line for the log. Enter it before `rclpy.init`, and create the node inside;
    afterwards neither the file nor the variable is needed.
    """
    chosen = users_choice(os.environ)
    if not chosen:
        remove_stale_segments()
    megabytes = fitting_size()
    if chosen or not megabytes:
        yield chosen or (
            f'less than {2 * SEGMENT_SIZES[-1]} MB of shared memory are free: images may arrive '
            'late or not at all; in Docker, use --ipc=host or --shm-size=256m'
        )
        return
    with tempfile.TemporaryDirectory(prefix='webrtc_bridge_') as folder:
        profile = Path(folder, 'fastdds_profile.xml')
        profile.write_text(PROFILE.format(bytes=megabytes << 20))
        with environment({variable: str(profile) for variable in read_variables()}):
            yield f'Fast DDS sends images through {megabytes} MB of shared memory'


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
