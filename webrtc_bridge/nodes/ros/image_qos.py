"""The quality of service of an image topic, and the parameters that override it."""

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from webrtc_bridge.nodes.ros.parameters import declare
from webrtc_bridge.program.option_row import Option

ROWS = (
    Option(
        'history',
        str,
        'keep_last',
        'Which images are kept; keep_all may make the publisher wait for slow subscribers.',
        choices=('keep_last', 'keep_all', 'system_default'),
    ),
    Option('depth', int, 5, 'How many images keep_last keeps.', minimum=1, maximum=1000),
    Option(
        'reliability',
        str,
        # Reliable serves subscribers of either kind. It never waits: with keep_last, an image that
        # a slow subscriber has not taken makes room for a newer one.
        'reliable',
        'Whether lost images are sent again.',
        choices=('reliable', 'best_effort', 'system_default'),
    ),
    Option(
        'durability',
        str,
        'volatile',
        'Whether who subscribes later gets images of before.',
        choices=('volatile', 'transient_local', 'system_default'),
    ),
)
"""
What `qos_overrides` may change, with our defaults.

Depth 5 instead of 1: without shared memory, 1 loses a third of all 720p images (measured).
"""


def image_qos(node: Node, topic: str) -> tuple[QoSProfile, list[str]]:
    """
    Declare `qos_overrides.<topic>.publisher.*`; return the profile and the parameters' names.

    The names are those that rclpy's QoSOverridingOptions and rclcpp give, but a value that cannot
    be used is refused like that of any other parameter.

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
