import logging

import pytest
from sensor_msgs.msg import CameraInfo
from support.ros.collected import until

from webrtc_bridge.nodes.ros.ros_thread import while_spinning
from webrtc_bridge.nodes.subscribing.camera_info_subscription import CameraInfoSubscription

INVALID = CameraInfo(width=640, height=480, d=[float('nan')])
VALID = CameraInfo(width=320, height=240, d=[0.5])


def test_a_repeated_camera_info_is_taken_once_even_with_nan_in_it(
    make_node, caplog: pytest.LogCaptureFixture
) -> None:
    taken = []
    subscription = CameraInfoSubscription(make_node(), taken.append)
    subscription.subscribe('/cam/image_raw')
    with caplog.at_level(logging.WARNING):
        for message in (INVALID, INVALID, INVALID, VALID, VALID):
            subscription._on_message(message)
    assert [info and info['d'] for info in taken] == [None, [0.5]]
    (record,) = caplog.records
    assert record.message.startswith('ignoring the camera_info of /cam/image_raw: d: [nan] given')


async def test_a_publisher_that_comes_later_is_heard(make_node) -> None:
    node = make_node()
    taken = []
    CameraInfoSubscription(node, taken.append).subscribe('/cam/image_raw')
    publisher = node.create_publisher(CameraInfo, '/cam/camera_info', 10)

    async def work() -> None:
        await until(publisher.get_subscription_count)
        publisher.publish(VALID)
        await until(lambda: taken)

    await while_spinning(node, work())
    assert taken[0]['width'] == 320
