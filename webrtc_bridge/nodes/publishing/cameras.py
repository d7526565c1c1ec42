"""The cameras that a receiver node follows: one that can be switched, or several."""

import asyncio
import dataclasses
import functools

from rclpy.node import Node
from std_srvs.srv import Trigger

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.publishing.camera_topics import CameraTopics
from webrtc_bridge.nodes.publishing.diagnostics import StreamDiagnostics, stream_name
from webrtc_bridge.nodes.ros.diagnostics_topic import DiagnosticsTopic
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_names import NAME, ros_name
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.program.long_tasks import keep_running
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.client.shared_client import SharedClient


class Cameras:
    """
    Receivers and their topics, behind one registration; create it before the node spins.

    Raises: OptionError.
    """

    def __init__(self, node: Node, parameters: Parameters[ReceiverOptions]) -> None:
        options = parameters.options
        self._parameters = parameters
        self._shared = SharedClient(
            ServerAccess.of(options), peer_id=options.receiver_id, name=options.name
        )
        self._topics: list[CameraTopics] = []
        self._receivers: list[Receiver] = []
        for camera in each_camera(options):
            topics = CameraTopics(node, camera)
            receiver = Receiver(camera, topics, self._on_switch_failed, self._shared)
            self._topics.append(topics)
            self._receivers.append(receiver)
        parameters.refuse_unknown([name for topics in self._topics for name in topics.parameters])
        for topics in self._topics:
            parameters.on_change(topics.change)
        if options.sender_ids:
            parameters.on_check('sender_id', refuse_switch)
        else:
            parameters.on_check('sender_id', self._receivers[0].check_sender)
            parameters.on_change(lambda new: self._receivers[0].follow(new.sender_id))
        self._diagnostics = DiagnosticsTopic(node)
        names = [stream_name(sender_id) for sender_id in options.sender_ids or ('',)]
        reports = [receiver.report for receiver in self._receivers]
        self._streams = StreamDiagnostics(
            self._diagnostics, dict(zip(names, reports, strict=True))
        )
        node.create_service(Trigger, '~/list_senders', self._list_senders)

    async def run(self) -> None:
        """Follow the senders until cancelled; then end all sessions."""
        receiving = [asyncio.create_task(receiver.run()) for receiver in self._receivers]
        signaling = asyncio.create_task(self._shared.run())
        try:
            await asyncio.wait([signaling, *receiving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(*receiving)
            await end(signaling)
            for topics in self._topics:
                topics.close()
        for task in (signaling, *receiving):
            if not task.cancelled():
                task.result()  # an error: nothing else ends them

    async def report(self) -> None:
        """Publish diagnostics, and check that messages arrive, until cancelled."""
        publish = functools.partial(self._diagnostics.publish, self._streams.statuses)
        await asyncio.gather(
            keep_running('the report on /diagnostics', publish),
            *(
                keep_running('the check of deliveries', topics.delivery_check.run)
                for topics in self._topics
            ),
        )

    def _on_switch_failed(self, wanted: str, kept: str) -> None:
        if self._parameters.options.sender_id == wanted:
            self._parameters.set('sender_id', kept)

    def _list_senders(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        senders = sorted(self._receivers[0].senders.items())
        response.success = self._shared.connected
        response.message = (
            '\n'.join(f'{sender_id}: {name}' if name else sender_id for sender_id, name in senders)
            if response.success
            else 'not connected to the signaling server'
        )
        return response


def each_camera(options: ReceiverOptions) -> list[ReceiverOptions]:
    """
    Return the options of each camera that `options` ask for.

    With several, the id of each is the namespace of its topics and the prefix of its frame_id,
    unless that has `${NAME}` in it.

    Raises: OptionError.
    """
    if not options.sender_ids:
        return [options]
    if options.sender_id:
        raise OptionError('sender_id', options.sender_id, 'sender_ids or sender_id, not both')
    names = [ros_name(sender_id) for sender_id in options.sender_ids]
    if len(set(names)) < len(names):
        expected = 'ids that differ in letters and digits'
        raise OptionError('sender_ids', list(options.sender_ids), expected)
    return [
        dataclasses.replace(
            options,
            sender_id=sender_id,
            topic=f'{name}/{options.topic}',
            frame_id=frame_of(name, options.frame_id),
        )
        for sender_id, name in zip(options.sender_ids, names, strict=True)
    ]


def refuse_switch(sender_id: str) -> None:
    """Refuse to switch where several senders are followed at once; raises OptionError."""
    raise OptionError('sender_id', sender_id, 'no change, because sender_ids is in use')


def frame_of(name: str, frame_id: str) -> str:
    """Return the frame of camera `name` of several: prefixed, unless its name is in it anyway."""
    return frame_id if NAME in frame_id else f'{name}_{frame_id}'
