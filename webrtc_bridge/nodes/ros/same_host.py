"""Find out whether Fast DDS takes an endpoint for local, and so sends to it by shared memory."""

from collections.abc import Iterable

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.utilities import get_rmw_implementation_identifier

HOST, PARTICIPANT = 4, 12
"""
Bytes that the GUIDs of one host have in common (eProsima's GuidUtils.hpp), vendor and host, and
those of one participant.
"""


def uses_fast_dds() -> bool:
    """Return whether ROS runs on Fast DDS."""
    return get_rmw_implementation_identifier().startswith('rmw_fastrtps')


def own_participant(node: Node) -> bytes | None:
    """Return the start of the GUIDs of the participant of `node`; None if it is not known."""
    own = (node.get_namespace(), node.get_name())
    # Every node publishes this.
    found = node.get_publishers_info_by_topic('/parameter_events')
    gids = (each.endpoint_gid for each in found if (each.node_namespace, each.node_name) == own)
    return next((bytes(gid)[:PARTICIPANT] for gid in gids), None)


def participants_on_same_host(node: Node, endpoints: Iterable[TopicEndpointInfo]) -> set[bytes]:
    """Return the participants of those `endpoints` that are on the host of `node`."""
    own = own_participant(node)
    if own is None or not uses_fast_dds():
        return set()
    found = {bytes(each.endpoint_gid)[:PARTICIPANT] for each in endpoints}
    return {participant for participant in found if participant[:HOST] == own[:HOST]}


def any_on_same_host(node: Node, endpoints: Iterable[TopicEndpointInfo]) -> bool:
    """Return whether one of `endpoints` is on the host of `node`, as Fast DDS sees it."""
    return bool(participants_on_same_host(node, endpoints))
