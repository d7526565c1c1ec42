"""Stamps of message headers, to and from Unix nanoseconds."""

import time

import pytest
from builtin_interfaces.msg import Time
from rclpy.clock import ROSClock
from std_msgs.msg import Header

from webrtc_bridge.nodes.ros.stamps import capture_ns, header, source_header


def test_a_header_has_frame_and_stamp():
    made = header('camera', 1_700_000_000_000_000_123)
    assert made == Header(stamp=Time(sec=1_700_000_000, nanosec=123), frame_id='camera')


def stamped(sec, nanosec=0):
    message = Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id='lens')
    return source_header(message, ROSClock())


@pytest.mark.parametrize('sec', [-(2**31), -5, 0, 1004, 2**31 - 1])
def test_a_header_is_sent_and_becomes_a_header_again_bit_for_bit(sec):
    sent = stamped(sec, 1)
    assert sent == (sec * 1_000_000_000 + 1, 'lens', False)
    assert header(sent.frame_id, sent.stamp_ns) == Header(
        stamp=Time(sec=sec, nanosec=1), frame_id='lens'
    )


def test_the_stamp_is_the_time_of_capture():
    assert capture_ns(stamped(1_700_000_000, 123)) == 1_700_000_000_000_000_123
    assert capture_ns(stamped(0, 5)) == 5  # of a simulation that has just started
    assert capture_ns(stamped(2**31 - 1)) == (2**31 - 1) * 10**9  # of 2038, the last there is


@pytest.mark.parametrize('stamp', [(0, 0), (-5, 0)])
def test_a_stamp_that_cannot_be_true_becomes_the_time_now(stamp):
    before = time.time_ns()
    assert before <= capture_ns(stamped(*stamp)) <= time.time_ns()


def test_a_stamp_of_a_simulated_clock_becomes_the_time_now():
    clock = ROSClock()
    clock._set_ros_time_is_active(True)  # as a node's time source does
    message = Header(stamp=Time(sec=1004))
    sent = source_header(message, clock)
    assert sent.simulated
    before = time.time_ns()
    assert before <= capture_ns(sent) <= time.time_ns()
