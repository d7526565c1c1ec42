"""The senders of a sender node: one for each image topic."""

import dataclasses
import functools

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.ros.diagnostics_topic import DiagnosticsTopic
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_names import resolve_image_topic
from webrtc_bridge.nodes.subscribing.topic_diagnostics import TopicDiagnostics, part_names
from webrtc_bridge.nodes.subscribing.topic_sender import TopicSender, grey_scales
from webrtc_bridge.options import PEER_ID, PEER_ID_RULE, SenderNodeOptions, SenderOptions
from webrtc_bridge.program.long_tasks import keep_running, run_together
from webrtc_bridge.program.option_row import rows

TABLE = {row.name: row for row in rows(SenderNodeOptions)}


class TopicSenders:
    """
    Send each topic as a sender of its own; create it before the node spins.

    Raises: OptionError.
    """

    def __init__(self, node: Node, parameters: Parameters[SenderNodeOptions]) -> None:
        options = parameters.options
        topics = topics_of(node, options)
        self._node = node
        self._parameters = parameters
        senders = senders_of(options)
        self._senders = [
            TopicSender(node, topic, sender, options)
            for topic, sender in zip(topics, senders, strict=True)
        ]
        self._diagnostics = DiagnosticsTopic(node)
        # Not by the topics, which may change.
        names = part_names([sender.sender_id for sender in senders])
        reports = [sender.report for sender in self._senders]
        self._states = TopicDiagnostics(self._diagnostics, dict(zip(names, reports, strict=True)))
        node.add_on_set_parameters_callback(self._validate)
        parameters.on_change(self._apply)

    async def run(self) -> None:
        """Serve receivers until cancelled."""
        publish = functools.partial(self._diagnostics.publish, self._states.statuses)
        await run_together(
            *(sender.run() for sender in self._senders),
            keep_running('the report on /diagnostics', publish),
        )

    def _apply(self, options: SenderNodeOptions) -> None:
        topics = options.topics or (options.topic,)
        for topic, sender in zip(topics, self._senders, strict=True):
            sender.apply(topic, options)

    def _validate(self, changes: list[Parameter]) -> SetParametersResult:
        """Refuse values that are valid by themselves, but not together or for these senders."""
        try:
            self._check(
                {
                    change.name: TABLE[change.name].check(change.value)
                    for change in changes
                    if change.name in TABLE
                }
            )
        except OptionError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _check(self, changes: dict[str, object]) -> None:
        changed = dataclasses.replace(self._parameters.options, **changes)
        grey_scales(changed)
        number = len(self._senders)
        had_topics = bool(self._parameters.options.topics)
        if len(topics_of(self._node, changed)) != number or bool(changed.topics) != had_topics:
            expected = f'as many topics as at the start ({number})'
            raise OptionError('topics', changed.topics, expected)
        if changed.topics and 'topic' in changes:
            raise OptionError(
                'topic', changed.topic, 'no change, because topics is in use: set that'
            )


def topics_of(node: Node, options: SenderNodeOptions) -> tuple[str, ...]:
    """
    Return the topics to send.

    Raises: OptionError, unless all are valid topic names.
    """
    topics = options.topics or (options.topic,)
    for topic in topics:
        resolve_image_topic(node, topic)
    return topics


def senders_of(options: SenderNodeOptions) -> list[SenderOptions]:
    """
    Return the identity of each topic's sender.

    Raises: OptionError.
    """
    if not options.topics:
        if options.sender_ids:
            raise OptionError('sender_ids', options.sender_ids, 'topics, one per id')
        return [_sender(options, options.sender_id, options.name)]
    if options.sender_id:
        raise OptionError('sender_id', options.sender_id, 'sender_ids together with topics')
    ids = options.sender_ids or ('',) * len(options.topics)
    assigned = [sender_id for sender_id in ids if sender_id]
    if len(ids) != len(options.topics) or len(set(assigned)) != len(assigned):
        raise OptionError('sender_ids', ids, f'{len(options.topics)} different ids, as topics')
    if not all(PEER_ID.fullmatch(sender_id) for sender_id in assigned):
        raise OptionError('sender_ids', ids, f'{PEER_ID_RULE["expected"]} each')
    return [
        _sender(options, sender_id, f'{options.name} {sender_id}' if options.name else '')
        for sender_id in ids
    ]


def _sender(options: SenderNodeOptions, sender_id: str, name: str) -> SenderOptions:
    values = {row.name: getattr(options, row.name) for row in rows(SenderOptions)}
    return SenderOptions(**{**values, 'sender_id': sender_id, 'name': name})
