import asyncio
import logging

import pytest
from rcl_interfaces.msg import Log
from rclpy.qos import DurabilityPolicy, QoSProfile

from webrtc_bridge.nodes.ros.ros_thread import while_spinning
from webrtc_bridge.nodes.ros.rosout_logging import forwarding
from webrtc_bridge.program.log_lines import BURST

LEVELS = {
    logging.DEBUG: Log.DEBUG,
    logging.INFO: Log.INFO,
    logging.WARNING: Log.WARN,
    logging.ERROR: Log.ERROR,
    logging.CRITICAL: Log.FATAL,
}


async def test_every_level_arrives_on_rosout_from_any_thread(make_node):
    node = make_node('logs')
    loop = asyncio.get_running_loop()
    records: asyncio.Queue[Log] = asyncio.Queue()
    subscription = node.create_subscription(
        Log,
        '/rosout',
        lambda record: loop.call_soon_threadsafe(records.put_nowait, record),
        QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL),
    )
    found: dict[str, Log] = {}

    def log() -> None:
        for level in LEVELS:
            logging.getLogger('webrtc_bridge.test').log(level, '100 %% of level %d', level)

    async def work() -> None:
        with forwarding(node.get_logger(), 'debug'):
            log()
            await asyncio.to_thread(log)
            while len(found) < len(LEVELS):
                record = await asyncio.wait_for(records.get(), 10)
                if record.msg.startswith('100 % of level'):
                    found[record.msg] = record

    await while_spinning(node, work())
    node.destroy_subscription(subscription)
    assert {text: (record.name, record.level) for text, record in found.items()} == {
        f'100 % of level {level}': ('logs', severity) for level, severity in LEVELS.items()
    }
    places = {(record.file, record.function, record.line) for record in found.values()}
    assert places == {(__file__, 'log', log.__code__.co_firstlineno + 2)}


@pytest.mark.parametrize(
    ('level', 'severity'), [(10, 'DEBUG'), (25, 'INFO'), (35, 'WARN'), (99, 'FATAL')]
)
def test_a_level_in_between_has_the_severity_below(make_node, capfd, level, severity):
    with forwarding(make_node(f'logs_at_{level}').get_logger(), 'debug'):
        logging.getLogger('webrtc_bridge.test').log(level, 'in between')
    assert f'[{severity}]' in capfd.readouterr().err


@pytest.mark.parametrize(
    ('level', 'logged'), [('info', [False, True]), ('debug', [True, True]), (None, [False, True])]
)
def test_the_level_counts_for_this_package_and_warnings_for_all(make_node, level, logged):
    # A logger keeps its level beyond the node, so each case has one of its own.
    node = make_node(f'logs_from_{level}')
    with forwarding(node.get_logger(), level):
        ours = logging.getLogger('webrtc_bridge.test')
        other = logging.getLogger('another.library')
        assert [ours.isEnabledFor(logging.DEBUG), ours.isEnabledFor(logging.INFO)] == logged
        assert other.isEnabledFor(logging.WARNING)
        assert not other.isEnabledFor(logging.INFO)


def test_an_exception_is_logged_with_its_traceback_and_nothing_stays_behind(make_node, capfd):
    node = make_node('logs')
    handlers, level = list(logging.getLogger().handlers), logging.getLogger('webrtc_bridge').level
    with forwarding(node.get_logger(), 'error'):
        try:
            raise ZeroDivisionError('a reason')
        except ZeroDivisionError:
            logging.getLogger('webrtc_bridge.test').exception('it failed')
    assert logging.getLogger().handlers == handlers
    assert logging.getLogger('webrtc_bridge').level == level
    output = capfd.readouterr().err
    assert 'it failed' in output
    assert 'ZeroDivisionError: a reason' in output


def test_what_peers_cause_is_bounded_on_rosout_too(make_node, capfd):
    with forwarding(make_node('logs_bounded').get_logger(), 'info'):
        for number in range(3 * BURST):
            logging.getLogger('asyncio').error('socket.send() raised exception %d', number)
        logging.getLogger('webrtc_bridge.test').error('another')
    lines = capfd.readouterr().err.splitlines()
    sent = [line for line in lines if 'socket.send() raised exception' in line]
    assert len(sent) == BURST + 1
    assert sent[-1].endswith(f'{BURST} ({2 * BURST - 1} more like this left out)')
    assert any('another' in line for line in lines)
