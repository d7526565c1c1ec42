"""Find out whether Fast DDS takes an endpoint for local, and so sends to it by shared memory."""

from collections.abc import Iterable

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.utilities import get_rmw_implementation_identifier

HOST = 4
"Bytes that the GUIDs of one host have in common (eProsima's GuidUtils.hpp): vendor and host."


def uses_fast_dds() -> bool:
    """Return whether ROS runs on Fast DDS."""
    return get_rmw_implementation_identifier().startswith('rmw_fastrtps')


def any_on_same_host(node: Node, endpoints: Iterable[TopicEndpointInfo]) -> bool:
    """Return whether one of `endpoints` is on the host of `node`, as Fast DDS sees it."""
    own = (node.get_namespace(), node.get_name())
    # Every node publishes this.
    hosts = {
        bytes(each.endpoint_gid)[:HOST]
        for each in node.get_publishers_info_by_topic('/parameter_events')
        if (each.node_namespace, each.node_name) == own
    }
    return uses_fast_dds() and any(bytes(each.endpoint_gid)[:HOST] in hosts for each in endpoints)
