"""The ROS node `webrtc_signaling`: the signaling server, with the parameters and log of ROS."""

import functools
import sys
from typing import TYPE_CHECKING

from webrtc_bridge.nodes.ros.node_program import NodeProgram
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.program.lifetime import fast_loop
from webrtc_bridge.program.long_tasks import keep_running
from webrtc_bridge.program.requirements import require_aiohttp

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rclpy.node import Node

    from webrtc_bridge.nodes.ros.diagnostics_topic import DiagnosticsTopic
    from webrtc_bridge.nodes.ros.parameters import Parameters


def prepare(
    node: 'Node', parameters: 'Parameters[SignalingOptions]'
) -> 'Coroutine[None, None, None]':
    """Return the work of the server; ROS sees its parameters, log and diagnostics."""
    # Imported only now, so that main() can report a missing library in one line.
    from webrtc_bridge.nodes.ros.diagnostics_topic import DiagnosticsTopic

    parameters.refuse_unknown()
    return serve(parameters.options, DiagnosticsTopic(node))


async def serve(options: SignalingOptions, diagnostics: 'DiagnosticsTopic') -> None:
    """Serve, and report that, until cancelled."""
    from diagnostic_msgs.msg import DiagnosticStatus

    from webrtc_bridge.signaling.server.server import SignalingServer

    async with SignalingServer(options) as server:

        async def statuses() -> list[DiagnosticStatus]:
            values = {name: str(number) for name, number in server.counts.items()}
            serving = (DiagnosticStatus.OK, 'serving')
            return [diagnostics.status('server', server.url, serving, values)]

        publish = functools.partial(diagnostics.publish, statuses)
        await keep_running('the report on /diagnostics', publish)


PROGRAM = NodeProgram(
    name='signaling_node',
    node_name='webrtc_signaling',
    summary='Run the signaling server, which connects WebRTC senders with receivers.',
    options=SignalingOptions,
    sends_images=False,
    require=require_aiohttp,
    prepare=prepare,
    new_loop=fast_loop,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status."""
    return PROGRAM.main(arguments)


if __name__ == '__main__':
    sys.exit(main())
