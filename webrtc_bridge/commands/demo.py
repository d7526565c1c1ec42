"""Run everything on this machine: signaling, a camera or test pattern, and a ROS image topic."""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from webrtc_bridge.errors import ProgramEndedError, ServeError
from webrtc_bridge.options import DemoOptions, SignalingOptions, SourceOptions
from webrtc_bridge.program.cancellation import end, finish, within
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.option_row import rows
from webrtc_bridge.program.requirements import require_aiohttp, require_aiortc, require_rclpy
from webrtc_bridge.signaling.client.server_access import TOKEN
from webrtc_bridge.signaling.server.authentication import SECRET

SENDER_ID = 'demo'

MODULES = {
    'webcam_sender': 'commands.webcam',
    'receiver_node': 'nodes.receiver_node',
    'status_node': 'nodes.status_node',
}
'The programs that the demo starts.'

END_TIMEOUT = 2.0
'Seconds within which a program of the demo must stop when terminated.'

logger = logging.getLogger(__name__)


def require_all() -> None:
    """Check the libraries of every program that the demo starts. Raises: RequirementError."""
    require_rclpy()
    require_aiortc()
    require_aiohttp()


async def demo(options: DemoOptions, source: SourceOptions) -> None:
    """
    Start the programs, print where to look, and end when one of them does.

    Raises: ProgramEndedError, unless the status line ended after its time.
    """
    async with AsyncExitStack() as stack:
        server_url = await stack.enter_async_context(signaling(options.port))
        receiver = ['-p', f'server_url:={server_url}', '-p', f'sender_id:={SENDER_ID}']
        duration = ['-p', f'duration:={options.duration}']
        quiet = ['--log-level', 'warn']
        own = ['--server', server_url, '--id', SENDER_ID, '--name', 'Demo']
        arguments = {
            'webcam_sender': [*quiet, *flags(source), *own],
            'receiver_node': [*quiet, '--ros-args', *receiver],
            'status_node': [*quiet, '--ros-args', *duration],
        }
        print(f'viewer: {server_url.replace("ws://", "http://")}/   topic: /image_raw', flush=True)
        print('stop with Ctrl-C' if not options.duration else f'for {options.duration:.0f} s')
        processes = [
            (name, await stack.enter_async_context(program(name, arguments[name])))
            for name in arguments
        ]
        try:
            await first_end(processes)
        finally:
            # All at once: one after another, they may take longer than this program has.
            for _, process in processes:
                if process.returncode is None:
                    process.terminate()


def flags(source: SourceOptions) -> list[str]:
    """Return the command-line flags for `source`."""
    pairs = ((row.flag, str(getattr(source, row.name))) for row in rows(SourceOptions))
    return [word for pair in pairs for word in pair]


@asynccontextmanager
async def signaling(port: int) -> AsyncIterator[str]:
    """Serve signaling in this process, on a free port if `port` is taken; yield its URL."""
    from webrtc_bridge.signaling.server.server import SignalingServer

    server = SignalingServer(SignalingOptions(port=port))
    try:
        await server.start()
    except ServeError:
        server = SignalingServer(SignalingOptions(port=0))
        await server.start()
    try:
        yield server.url
    finally:
        await finish(server.close())


@asynccontextmanager
async def program(name: str, arguments: list[str]) -> AsyncIterator[Process]:
    """Run one of `MODULES`; terminate it at exit, and kill it if that takes too long."""
    module = f'webrtc_bridge.{MODULES[name]}'
    variables = dict(os.environ)
    if SECRET in variables:
        # The server in this process uses it and requires a token: the secret is a valid one.
        variables[TOKEN] = variables[SECRET]
    process = await asyncio.create_subprocess_exec(
        sys.executable, '-m', module, *arguments, env=variables
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            await finish(stop(process, name), 2 * END_TIMEOUT)


async def stop(process: Process, name: str) -> None:
    """Terminate `process`, or kill it if it does not stop."""
    process.terminate()
    try:
        await within(process.wait(), END_TIMEOUT)
    except TimeoutError:
        logger.error('%s did not stop; killing it', name)
        process.kill()
        await process.wait()


async def first_end(processes: list[tuple[str, Process]]) -> None:
    """Wait until one of `processes` ends. Raises: ProgramEndedError, unless that is the plan."""
    waits = {asyncio.ensure_future(process.wait()): name for name, process in processes}
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*waits)
    for wait in done:
        if wait.result() or waits[wait] != 'status_node':
            raise ProgramEndedError(waits[wait], wait.result())


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; return its exit status: 0 if images arrived, 1 if not."""
    tables = (DemoOptions, SourceOptions)
    # Log lines in between would break the status line.
    return run_command('webrtc_bridge demo', __doc__, tables, require_all, demo, arguments, 'warn')


if __name__ == '__main__':
    sys.exit(main())
