"""Stamps of message headers, to and from Unix nanoseconds."""

import time

import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from webrtc_bridge.nodes.ros.stamps import capture_ns, header


def test_a_header_has_frame_and_stamp():
    made = header('camera', 1_700_000_000_000_000_123)
    assert made == Header(stamp=Time(sec=1_700_000_000, nanosec=123), frame_id='camera')


def stamped(sec, nanosec=0):
    return Header(stamp=Time(sec=sec, nanosec=nanosec))


def test_the_stamp_is_the_time_of_capture():
    assert capture_ns(stamped(1_700_000_000, 123)) == 1_700_000_000_000_000_123
    assert capture_ns(stamped(0, 5)) == 5  # of a simulation that has just started
    assert capture_ns(stamped(2**31 - 1)) == (2**31 - 1) * 10**9  # of 2038, the last there is


@pytest.mark.parametrize('stamp', [(0, 0), (-5, 0)])
def test_a_stamp_that_cannot_be_true_becomes_the_time_now(stamp):
    before = time.time_ns()
    assert before <= capture_ns(stamped(*stamp)) <= time.time_ns()
