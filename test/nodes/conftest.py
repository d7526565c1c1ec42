import contextlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest
from support.ros.domains import claimed_domain

# Without ROS the rest of the suite still runs.
collect_ignore_glob = [] if find_spec('rclpy') else ['*test_*.py']


@pytest.fixture(autouse=True)
def own_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Keep each test's nodes, in this process and in others, to themselves."""
    with claimed_domain() as domain:
        monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
        monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        yield domain


@pytest.fixture
def make_node() -> Iterator[Callable[..., object]]:
    """Return a function that makes a node from a name and command-line arguments."""
    from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised

    with contextlib.ExitStack() as stack:

        def make(name: str = 'a_node', *parameters: str) -> object:
            arguments = ['--ros-args']
            for parameter in parameters:
                arguments += ['-p', parameter]
            stack.enter_context(initialised(arguments))
            return stack.enter_context(created_node(name))

        yield make
