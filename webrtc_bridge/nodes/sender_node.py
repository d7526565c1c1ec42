"""The ROS node `webrtc_sender`: image topics as WebRTC senders."""

import asyncio
import dataclasses
import sys
from typing import TYPE_CHECKING

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.ros.node_program import NodeProgram
from webrtc_bridge.options import PEER_ID, SenderNodeOptions, SenderOptions
from webrtc_bridge.program.option_row import rows
from webrtc_bridge.program.requirements import require_aiortc

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rcl_interfaces.msg import SetParametersResult
    from rclpy.node import Node
    from rclpy.parameter import Parameter

    from webrtc_bridge.nodes.ros.parameters import Parameters
    from webrtc_bridge.nodes.subscribing.topic_sender import TopicSender


def prepare(
    node: 'Node', parameters: 'Parameters[SenderNodeOptions]'
) -> 'Coroutine[None, None, None]':
    """Create a sender for each topic; return what serves."""
    # Imported only now: main() must be able to say in one line that a library is missing.
    from webrtc_bridge.nodes.subscribing.topic_sender import TopicSender

    parameters.refuse_unknown()
    options = parameters.options
    topics = topics_of(node, options)
    senders = [
        TopicSender(node, topic, sender, options)
        for topic, sender in zip(topics, senders_of(options), strict=True)
    ]
    refuse_changes_that_do_not_fit(node, parameters, len(senders))
    return serve(parameters, senders)


async def serve(parameters: 'Parameters[SenderNodeOptions]', senders: list['TopicSender']) -> None:
    """Serve receivers until cancelled, with the topics and the bit rate as they change."""

    def apply(options: SenderNodeOptions) -> None:
        names = options.topics or (options.topic,)
        for topic, sender in zip(names, senders, strict=True):
            sender.apply(topic, options)

    parameters.on_change(apply)
    tasks = [asyncio.ensure_future(sender.run()) for sender in senders]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def senders_of(options: SenderNodeOptions) -> list[SenderOptions]:
    """
    Return who the sender of each topic is.

    Raises: OptionError.
    """
    if not options.topics:
        if options.sender_ids:
            raise OptionError('sender_ids', options.sender_ids, 'topics, as many of them')
        return [_sender(options, options.sender_id, options.name)]
    if options.sender_id:
        raise OptionError('sender_id', options.sender_id, 'sender_ids where there are topics')
    ids = options.sender_ids or ('',) * len(options.topics)
    given = [one for one in ids if one]
    if len(ids) != len(options.topics) or len(set(given)) != len(given):
        raise OptionError('sender_ids', ids, f'{len(options.topics)} different ones, as topics')
    if not all(PEER_ID.fullmatch(one) for one in given):
        raise OptionError('sender_ids', ids, f'texts like {PEER_ID.pattern}')
    return [_sender(options, one, f'{options.name} {one}' if options.name else '') for one in ids]


def _sender(options: SenderNodeOptions, sender_id: str, name: str) -> SenderOptions:
    values = {row.name: getattr(options, row.name) for row in rows(SenderOptions)}
    return SenderOptions(**{**values, 'sender_id': sender_id, 'name': name})


def topics_of(node: 'Node', options: SenderNodeOptions) -> tuple[str, ...]:
    """
    Return the topics to send.

    Raises: OptionError, unless all have names for topics.
    """
    from webrtc_bridge.nodes.ros.ros_names import resolve_image_topic

    topics = options.topics or (options.topic,)
    for topic in topics:
        resolve_image_topic(node, topic)
    return topics


def refuse_changes_that_do_not_fit(
    node: 'Node', parameters: 'Parameters[SenderNodeOptions]', number: int
) -> None:
    """Refuse values that are fine in themselves, but not together, or for `number` senders."""
    from rcl_interfaces.msg import SetParametersResult

    from webrtc_bridge.nodes.subscribing.topic_sender import depth_range

    table = {row.name: row for row in rows(SenderNodeOptions)}

    def check(changes: 'list[Parameter]') -> 'SetParametersResult':
        ours = [change for change in changes if change.name in table]
        try:
            values = {one.name: table[one.name].check(one.value) for one in ours}
            changed = dataclasses.replace(parameters.options, **values)
            depth_range(changed)
            if len(topics_of(node, changed)) != number or (
                bool(changed.topics) is not bool(parameters.options.topics)
            ):
                raise OptionError('topics', changed.topics, f'{number} topics, as at the start')
            if changed.topics and 'topic' in values:
                raise OptionError('topic', changed.topic, 'a change of topics, which are in use')
        except OptionError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(check)


PROGRAM = NodeProgram(
    name='sender_node',
    node_name='webrtc_sender',
    summary='Send image topics over WebRTC.',
    options=SenderNodeOptions,
    sends_images=False,
    require=require_aiortc,
    prepare=prepare,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status."""
    return PROGRAM.main(arguments)


if __name__ == '__main__':
    sys.exit(main())
