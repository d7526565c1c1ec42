"""A node as a program where a part of ROS is missing."""

import subprocess
import sys

import pytest

WITHOUT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == {package!r}:
            raise ModuleNotFoundError(f'No module named {{name}}', name=name)

sys.meta_path.insert(0, Blocked())
from webrtc_bridge.nodes.receiver_node import main
sys.exit(main())
"""


@pytest.mark.parametrize('package', ['std_srvs', 'diagnostic_msgs', 'sensor_msgs'])
def test_a_missing_package_of_ros_is_named_in_the_last_line(package: str) -> None:
    command = [sys.executable, '-c', WITHOUT.format(package=package)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 3
    assert f'receiver_node: {package}' in done.stderr.splitlines()[-1]
    assert f'ros-kilted-{package.replace("_", "-")}' in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr
