"""What `ros2 param describe` shows of a row of the option table."""

import sys

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.parameter import Parameter

from webrtc_bridge.program.option_row import Option

TYPES = {
    str: Parameter.Type.STRING,
    int: Parameter.Type.INTEGER,
    float: Parameter.Type.DOUBLE,
    bool: Parameter.Type.BOOL,
    list: Parameter.Type.STRING_ARRAY,
}
LARGEST = {int: 2**63 - 1, float: sys.float_info.max}


def descriptor(row: Option) -> ParameterDescriptor:
    """Return the descriptor of `row`; ROS itself enforces its type, range and read_only."""
    unit = f' [{row.unit}]' if row.unit else ''
    described = ParameterDescriptor(
        name=row.name,
        type=TYPES[row.kind].value,
        description=row.description + unit,
        read_only=row.read_only,
    )
    if row.choices or row.pattern or row.expected:
        described.additional_constraints = row.wanted
    if row.minimum is not None or row.maximum is not None:
        _set_range(described, row)
    return described


def _set_range(described: ParameterDescriptor, row: Option) -> None:
    low = -LARGEST[row.kind] if row.minimum is None else row.minimum
    high = LARGEST[row.kind] if row.maximum is None else row.maximum
    if row.kind is int:
        described.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    else:
        described.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
        ]
