"""The quality of service of image topics, published and subscribed to."""

from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_best_available,
)

from webrtc_bridge.nodes.ros.parameters import declare
from webrtc_bridge.program.option_row import Option

ROWS = (
    Option(
        'history',
        str,
        'keep_last',
        'Images to keep; keep_all may make the publisher wait for slow subscribers.',
        choices=('keep_last', 'keep_all', 'system_default'),
    ),
    Option('depth', int, 5, 'Number of images that keep_last keeps.', minimum=1, maximum=1000),
    Option(
        'reliability',
        str,
        # Reliable serves subscribers of either kind. It never waits: with keep_last, a newer image
        # replaces one that a slow subscriber has not taken yet.
        'reliable',
        'Whether lost images are resent.',
        choices=('reliable', 'best_effort', 'system_default'),
    ),
    Option(
        'durability',
        str,
        'volatile',
        'Whether late subscribers receive earlier images.',
        choices=('volatile', 'transient_local', 'system_default'),
    ),
)
"""
The policies that `qos_overrides` may change, with our defaults.

Depth 5 instead of 1: without shared memory, 1 loses a third of all 720p images (measured).
"""


def publisher_qos(node: Node, topic: str) -> tuple[QoSProfile, list[str]]:
    """
    Declare `qos_overrides.<topic>.publisher.*`; return the profile and the parameters' names.

    The names are those of rclpy's QoSOverridingOptions and of rclcpp, but an invalid value is
    refused like that of any other parameter.

    Raises: OptionError.
    """
    names = {row.name: f'qos_overrides.{topic}.publisher.{row.name}' for row in ROWS}
    values = {row.name: declare(node, row, names[row.name]) for row in ROWS}
    profile = QoSProfile(
        history=HistoryPolicy[values['history'].upper()],
        depth=values['depth'],
        reliability=ReliabilityPolicy[values['reliability'].upper()],
        durability=DurabilityPolicy[values['durability'].upper()],
    )
    return profile, list(names.values())


def best_available(depth: int) -> QoSProfile:
    """Return the QoS of a subscription that matches every publisher, with a queue of `depth`."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.BEST_AVAILABLE,
        durability=DurabilityPolicy.BEST_AVAILABLE,
        deadline=qos_profile_best_available.deadline,
        liveliness=LivelinessPolicy.BEST_AVAILABLE,
        liveliness_lease_duration=qos_profile_best_available.liveliness_lease_duration,
    )
