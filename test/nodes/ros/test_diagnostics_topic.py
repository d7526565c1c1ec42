import asyncio
import functools

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from support.ros.collected import Collected, until

from webrtc_bridge.nodes.ros import diagnostics_topic
from webrtc_bridge.nodes.ros.diagnostics_topic import DiagnosticsTopic
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised, while_spinning
from webrtc_bridge.program import long_tasks
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.program.long_tasks import keep_running

OK = (DiagnosticStatus.OK, 'fine')


@pytest.mark.parametrize(
    ('arguments', 'name'),
    [
        ([], 'a_node: part'),
        (['-r', '__ns:=/front'], 'front/a_node: part'),
        (['-r', '__ns:=/rover1/front', '-r', '__node:=eye'], 'rover1/front/eye: part'),
    ],
)
def test_nodes_of_the_same_name_in_other_namespaces_have_other_names(arguments, name):
    with initialised(['--ros-args', *arguments]), created_node('a_node') as node:
        status = DiagnosticsTopic(node).status('part', 'front', OK, {'key': 'value'})
    assert (status.name, status.hardware_id, status.message) == (name, 'front', 'fine')
    assert [(entry.key, entry.value) for entry in status.values] == [('key', 'value')]


async def test_every_node_reports_each_of_its_parts(start, make_node):
    node = make_node('listens')
    arrays = Collected(node, DiagnosticArray, '/diagnostics')

    def found() -> dict[str, DiagnosticStatus]:
        return {status.name: status for array in arrays.messages for status in array.status}

    async def work() -> None:
        module = '-m', 'webrtc_bridge.nodes.signaling_node'
        server = await start(*module, '--ros-args', '-p', 'port:=0')
        port = (await server.wait_for_line('serving on')).rpartition(':')[2].strip()
        url = f'ws://127.0.0.1:{port}'
        for name, words in {
            'sender_node': ('topics:=[a, b]', 'sender_ids:=[front, rear]'),
            'receiver_node': ('sender_ids:=[front, side]',),
        }.items():
            flags = [word for each in (f'server_url:={url}', *words) for word in ('-p', each)]
            await start('-m', f'webrtc_bridge.nodes.{name}', '--ros-args', *flags)
        peers = {'senders': '2', 'receivers': '1', 'sessions': '1'}
        await until(lambda: values(found().get('webrtc_signaling: server')) == peers, 30)
        await until(lambda: len(found()) == 5, 30)
        assert {name: status.hardware_id for name, status in found().items()} == {
            'webrtc_signaling: server': url,
            'webrtc_sender: topic front': 'front',
            'webrtc_sender: topic rear': 'rear',
            'webrtc_receiver: stream front': 'front',
            'webrtc_receiver: stream side': 'side',
        }

    await while_spinning(node, work())


def values(status: DiagnosticStatus | None) -> dict[str, str]:
    return {entry.key: entry.value for entry in status.values} if status else {}


async def test_a_report_that_fails_is_logged_and_the_next_ones_come(
    make_node, monkeypatch, caplog
):
    monkeypatch.setattr(diagnostics_topic, 'INTERVAL', 0.05)
    monkeypatch.setattr(long_tasks, 'RESTART_DELAY', 0.05)
    node = make_node('reports')
    arrays = Collected(node, DiagnosticArray, '/diagnostics')
    topic = DiagnosticsTopic(node)
    calls = []

    async def statuses():
        calls.append(1)
        if len(calls) == 2:
            raise KeyError('a session that has ended')
        return [topic.status('part', 'front', OK, {})]

    async def work():
        publish = functools.partial(topic.publish, statuses)
        reporting = asyncio.ensure_future(keep_running('the report', publish))
        await until(lambda: len(calls) > 3 and arrays.messages, 30)
        await end(reporting)

    await while_spinning(node, work())
    assert 'the report failed, and is started again' in caplog.text
