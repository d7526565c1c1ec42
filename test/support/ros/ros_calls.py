"""Equivalents of `ros2 param set`, `ros2 service call` and `ros2 topic echo /diagnostics`."""

import asyncio
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.task import Future
from std_srvs.srv import Trigger

TIMEOUT = 15.0


async def set_parameter(name: str, value: Any, node: str = 'webrtc_receiver') -> str:
    """Set a parameter; return why it was refused, or nothing."""

    def call(caller: rclpy.node.Node) -> Future:
        client = AsyncParameterClient(caller, node)
        assert client.wait_for_services(TIMEOUT)
        return client.set_parameters([Parameter(name, value=value)])

    result = (await asyncio.to_thread(called, call)).results[0]
    return '' if result.successful else result.reason


async def get_parameter(name: str, node: str = 'webrtc_receiver') -> str:
    """Return the value of a text parameter."""

    def call(caller: rclpy.node.Node) -> Future:
        client = AsyncParameterClient(caller, node)
        assert client.wait_for_services(TIMEOUT)
        return client.get_parameters([name])

    return (await asyncio.to_thread(called, call)).values[0].string_value


async def trigger(service: str) -> Trigger.Response:
    """Call a service."""

    def call(caller: rclpy.node.Node) -> Future:
        client = caller.create_client(Trigger, service)
        assert client.wait_for_service(TIMEOUT)
        return client.call_async(Trigger.Request())

    return await asyncio.to_thread(called, call)


async def diagnostics(state: str) -> dict[str, dict[str, str]]:
    """Wait until all streams on /diagnostics are in `state`; return their values by sender."""

    def call(caller: rclpy.node.Node) -> Future:
        future = Future()

        def look(array: DiagnosticArray) -> None:
            found = {
                status.hardware_id: {entry.key: entry.value for entry in status.values}
                | {'level': str(status.level[0]), 'message': status.message}
                for status in array.status
                if ': stream' in status.name
            }
            states = {values['state'] for values in found.values()}
            if states == {state} and not future.done():
                future.set_result(found)

        caller.create_subscription(DiagnosticArray, '/diagnostics', look, 10)
        return future

    return await asyncio.to_thread(called, call)


def called(call: Any) -> Any:
    """Return the result of the future that `call(node)` returns."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('caller', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        future = call(node)
        executor.spin_until_future_complete(future, TIMEOUT)
        assert future.done(), 'no answer in time'
        return future.result()
    finally:
        executor.shutdown()
        node.destroy_node()
        context.try_shutdown()
