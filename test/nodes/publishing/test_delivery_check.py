"""A subscriber in another container gets images by UDP, and without is noticed."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rclpy.duration import Duration
from sensor_msgs.msg import Image
from support.ros.collected import Collected, until

from webrtc_bridge.nodes.publishing.delivery_check import WITNESSES, DeliveryCheck
from webrtc_bridge.nodes.publishing.lazy_publisher import LazyPublisher
from webrtc_bridge.nodes.ros.ros_thread import while_spinning

SUPPORT = Path(__file__).parents[2] / 'support' / 'ros'
ISOLATED = ('unshare', '-rm', 'sh', '-c', 'mount -t tmpfs none /dev/shm && exec "$@"', 'sh')
'Runs a command with a /dev/shm of its own, as containers do.'

OTHER_USER = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'env', 'HOME=/tmp')
'Runs a command as nobody.'


@pytest.fixture
def isolated() -> tuple[str, ...]:
    made = subprocess.run([*ISOLATED, 'true'], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f'needs root, to make mount namespaces: {made.stderr.strip()}')
    return ISOLATED


async def publish_until(publisher: LazyPublisher, condition: object) -> None:
    def published_and() -> bool:
        publisher.publish(Image(width=4, height=4, data=bytes(48)))
        return condition()

    await until(published_and, 30.0)


async def test_a_subscriber_that_gets_nothing_is_logged_once(make_node, isolated, caplog):
    node = make_node()
    publisher = LazyPublisher(node, Image, '/image_raw')
    check = DeliveryCheck([publisher], node.context.get_domain_id(), 0.005)

    async def work() -> None:
        await until(lambda: publisher.subscribed, 30.0)
        checking = asyncio.create_task(check.run())
        await publish_until(publisher, lambda: caplog.records)
        failed = check._failed[publisher]
        await publish_until(publisher, lambda: check._failed[publisher] > failed + 50)
        checking.cancel()

    counting = (sys.executable, str(SUPPORT / 'count_images.py'), 'reliable', '1')
    subscriber = await asyncio.create_subprocess_exec(*isolated, *counting)
    try:
        await while_spinning(node, work())
    finally:
        subscriber.kill()
        await subscriber.wait()
    (record,) = caplog.records
    assert record.message.startswith('a subscriber of /image_raw gets nothing.')
    assert 'dds_transport:=udp' in record.message
    assert 'FASTDDS_BUILTIN_TRANSPORTS=UDPv4' in record.message


async def test_a_subscriber_that_gets_all_or_is_slow_is_not_logged(make_node, caplog):
    node = make_node()
    publisher = LazyPublisher(node, Image, '/image_raw')
    check = DeliveryCheck([publisher], node.context.get_domain_id(), 0.005)
    images = Collected(node, Image, '/image_raw')

    async def work() -> None:
        await until(lambda: publisher.subscribed)
        checking = asyncio.create_task(check.run())
        await publish_until(publisher, lambda: len(images.messages) > 100)
        checking.cancel()

    await while_spinning(node, work())
    assert not caplog.records


async def test_looks_between_acknowledgements_log_nothing(make_node, caplog):
    """Fast DDS asks a subscriber of another process for one with a few of the messages."""
    node = make_node()
    publisher = LazyPublisher(node, Image, '/image_raw')
    check = DeliveryCheck([publisher], node.context.get_domain_id())
    counting = (sys.executable, str(SUPPORT / 'count_images.py'), 'reliable', '100000')
    subscriber = await asyncio.create_subprocess_exec(*counting)

    def publish() -> None:
        publisher.publish(Image(width=4, height=4, data=bytes(48)))

    def has_all() -> bool:
        return publisher._publisher.wait_for_all_acked(Duration())

    async def work() -> None:
        await until(lambda: publisher.subscribed, 30.0)
        for _ in range(WITNESSES + 1):
            await until(lambda: has_all() or publish())
            for _ in range(2):
                publish()
            check._check(publisher)

    try:
        await while_spinning(node, work())
    finally:
        subscriber.kill()
        await subscriber.wait()
    assert not caplog.records


async def judge(node, prefix, condition):
    """Run the check of a topic that nothing is published on until `condition()` is true."""
    publisher = LazyPublisher(node, Image, '/image_raw')
    check = DeliveryCheck([publisher], node.context.get_domain_id(), interval=0.02)
    counting = (sys.executable, str(SUPPORT / 'count_images.py'), 'best_effort', '1')
    subscriber = await asyncio.create_subprocess_exec(*prefix, *counting)

    async def work() -> None:
        checking = asyncio.create_task(check.run())
        await until(condition, 30.0)
        checking.cancel()

    try:
        await while_spinning(node, work())
    finally:
        subscriber.kill()
        await subscriber.wait()


@pytest.mark.parametrize(
    'prefix',
    [
        pytest.param(ISOLATED, id='container'),
        pytest.param(OTHER_USER, id='user', marks=pytest.mark.long),
    ],
)
async def test_a_best_effort_subscriber_that_gets_nothing_is_logged_too(
    make_node, monkeypatch, caplog, prefix
):
    if os.geteuid():
        pytest.skip('needs root, to make mount namespaces')
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    await judge(make_node(), prefix, lambda: caplog.records)
    (record,) = caplog.records
    assert record.message.startswith('a subscriber of /image_raw gets nothing.')


@pytest.mark.parametrize(
    ('prefix', 'variable'),
    [((), ''), (ISOLATED, 'FASTDDS_BUILTIN_TRANSPORTS=UDPv4')],
    ids=['same memory', 'UDP'],
)
async def test_one_that_is_reached_is_not_logged(make_node, monkeypatch, caplog, prefix, variable):
    if prefix and os.geteuid():
        pytest.skip('needs root, to make mount namespaces')
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    judged = []
    known = DeliveryCheck.judge

    async def judge_and_note(check):
        await known(check)
        judged.append(check)

    monkeypatch.setattr(DeliveryCheck, 'judge', judge_and_note)
    prefix = (*prefix, 'env', variable) if variable else prefix
    await judge(make_node(), prefix, lambda: judged)
    assert not caplog.records


async def test_with_udp_images_reach_a_subscriber_with_other_shared_memory(
    start, isolated, monkeypatch
):
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    publisher = await start(str(SUPPORT / 'publish_images.py'), '640', '480', 'dds_transport:=udp')
    await publisher.wait_for_line('ready')
    counting = (sys.executable, str(SUPPORT / 'count_images.py'), 'reliable', '10')
    subscriber = await asyncio.create_subprocess_exec(*isolated, *counting, stdout=subprocess.PIPE)
    try:
        assert await asyncio.wait_for(subscriber.stdout.readline(), 30) == b'matched\n'
        publisher.process.stdin.write(b'go\n')
        line = await asyncio.wait_for(subscriber.stdout.readline(), 30)
        assert line == b'received 10 (640, 480, 921600)\n'
    finally:
        if subscriber.returncode is None:
            subscriber.kill()
        await subscriber.wait()
