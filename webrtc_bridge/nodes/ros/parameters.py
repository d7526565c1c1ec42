"""A node's ROS parameters, from the option table; their changes go to the event loop."""

import asyncio
import dataclasses
import difflib
import logging
import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from webrtc_bridge.errors import OptionError
from webrtc_bridge.program.option_row import Option, rows

T = TypeVar('T')

TYPES = {
    str: Parameter.Type.STRING,
    int: Parameter.Type.INTEGER,
    float: Parameter.Type.DOUBLE,
    bool: Parameter.Type.BOOL,
    list: Parameter.Type.STRING_ARRAY,
}
LARGEST = {int: 2**63 - 1, float: sys.float_info.max}


ALIKE = 0.8
"""
Similarity (difflib's ratio) from which a foreign name is taken for a typing error: `sender` and
`sender_idd` are, `robot_name` and `sensor_id` are not.
"""

logger = logging.getLogger(__name__)


class UnknownParameterError(OptionError):
    """A command line or file sets a parameter that is nearly, but not, one of the node's."""

    def __str__(self) -> str:
        return f'{self.name}: unknown, expected {self.expected}'


class Parameters(Generic[T]):
    """
    The parameters of `node` that are rows of the dataclass `options`, declared at once.

    `options` holds their newest values, checked. The node's thread writes it; the callbacks of
    `on_change` run in the event loop.

    Raises: OptionError, naming the parameter whose override is invalid.
    """

    options: T

    def __init__(self, node: Node, options: type[T]) -> None:
        self._node = node
        self._table = {row.name: row for row in rows(options)}
        self._callbacks: list[tuple[asyncio.AbstractEventLoop, Callable[[T], None]]] = []
        self._checks: dict[str, Callable[[Any], None]] = {}
        self.options = options(**{name: declare(node, row) for name, row in self._table.items()})
        node.add_pre_set_parameters_callback(self._convert)
        node.add_on_set_parameters_callback(self._validate)
        node.add_post_set_parameters_callback(self._accept)

    def on_change(self, callback: Callable[[T], None]) -> None:
        """Call `callback(options)` in the running event loop after each change."""
        self._callbacks.append((asyncio.get_running_loop(), callback))

    def on_check(self, name: str, check: Callable[[Any], None]) -> None:
        """Call `check(value)` in the node's thread before a change; it may raise OptionError."""
        self._checks[name] = check

    def set(self, name: str, value: Any) -> None:
        """Change a parameter from this side, as `ros2 param set` does."""
        self._node.set_parameters([Parameter(name, value=value)])

    def refuse_unknown(self, others: Collection[str] = ()) -> None:
        """
        Refuse overrides that look like a misspelt parameter; call it when all are declared.

        rclpy ignores them silently, so that a typing error would go unnoticed. The rest is logged:
        parameter files and SetParameter in a launch file may set what other nodes have. `others`
        are parameters of the node that are not in the option table.

        Raises: UnknownParameterError.
        """
        foreign = []
        for name, override in overrides(self._node).items():
            if self._node.has_parameter(name):
                continue
            meant = meant_by(name, self._table, others)
            if meant:
                raise UnknownParameterError(name, override.value, meant)
            foreign.append(name)
        if foreign:
            logger.warning('not parameters of this node: %s', ', '.join(sorted(foreign)))

    def _convert(self, changes: list[Parameter]) -> list[Parameter]:
        """Give whole numbers for doubles, and empty lists, the type that rclpy insists on."""
        return [
            as_parameter(self._table[change.name], change)
            if change.name in self._table
            else change
            for change in changes
        ]

    def _validate(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            values = {
                change.name: self._table[change.name].check(change.value)
                for change in changes
                if change.name in self._table
            }
            dataclasses.replace(self.options, **values)  # raises if they do not fit together
            for name, value in values.items():
                if name in self._checks and value != getattr(self.options, name):
                    self._checks[name](value)
        except OptionError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _accept(self, changes: list[Parameter]) -> None:
        ours = [change for change in changes if change.name in self._table]
        values = {change.name: self._table[change.name].check(change.value) for change in ours}
        if not values:
            return
        self.options = dataclasses.replace(self.options, **values)
        for loop, callback in self._callbacks:
            loop.call_soon_threadsafe(callback, self.options)


def meant_by(name: str, table: Iterable[str], others: Collection[str]) -> str:
    """Return the names, of `table` or `others`, that `name` is meant for; empty if foreign."""
    group = [other for other in others if name.split('.')[0] == other.split('.')[0]]
    if group:
        return 'one of ' + ', '.join(group)
    written = name.lower().replace('-', '_')
    return ' or '.join(difflib.get_close_matches(written, table, cutoff=ALIKE))


def declare(node: Node, row: Option, name: str = '') -> Any:
    """
    Declare `row` as parameter `name`, by default its own; return its override or default.

    Raises: OptionError.
    """
    name = name or row.name
    value = row.check(row.default)
    if name in overrides(node):
        value = row.check(as_parameter(row, overrides(node)[name]).value, name)
    # `value` is the override, checked and converted, which must not be applied again.
    if row.kind is list:
        _declare_list(node, name, list(value), descriptor(row))
    else:
        node.declare_parameter(name, value, descriptor(row), ignore_override=True)
    return value


def _declare_list(node: Node, name: str, value: list[str], described: ParameterDescriptor) -> None:
    # rclpy 7.1 to 9.1 take the type from the value, and [] for bytes, unless it is set later.
    strings = Parameter.Type.STRING_ARRAY
    node.declare_parameter(name, strings, ignore_override=True)
    node.set_parameters([Parameter(name, strings, value)])
    node.set_descriptor(name, described)


def overrides(node: Node) -> dict[str, Parameter]:
    """Return what the command line and parameter files set, declared or not, by name."""
    # No public call returns them (rclpy 7.1 to 9.1): a node made with
    # automatically_declare_parameters_from_overrides has them, but fails, naming no parameter, on
    # an empty list, whose type ROS cannot know.
    found: dict[str, Parameter] = node._parameter_overrides
    return found


def as_parameter(row: Option, override: Parameter) -> Parameter:
    """Return `override` with a whole number made a double, and an empty list one of strings."""
    name, value = override.name, override.value
    if row.kind is float and override.type_ is Parameter.Type.INTEGER:
        return Parameter(name, Parameter.Type.DOUBLE, float(value))
    is_empty = value is None or (override.type_.name.endswith('_ARRAY') and not value)
    if row.kind is list and is_empty:
        # [] has no type on a command line, and is bytes in a service call.
        return Parameter(name, Parameter.Type.STRING_ARRAY, [])
    if override.type_ is Parameter.Type.STRING_ARRAY:
        return Parameter(name, Parameter.Type.STRING_ARRAY, list(value))
    return override


def descriptor(row: Option) -> ParameterDescriptor:
    """Return the descriptor of `row`; ROS itself enforces its type, range and read_only."""
    unit = f' [{row.unit}]' if row.unit else ''
    result = ParameterDescriptor(
        name=row.name,
        type=TYPES[row.kind].value,
        description=row.description + unit,
        read_only=row.read_only,
    )
    if row.choices or row.pattern or row.expected:
        result.additional_constraints = row.wanted
    if row.minimum is not None or row.maximum is not None:
        _set_range(result, row)
    return result


def _set_range(result: ParameterDescriptor, row: Option) -> None:
    low = -LARGEST[row.kind] if row.minimum is None else row.minimum
    high = LARGEST[row.kind] if row.maximum is None else row.maximum
    if row.kind is int:
        result.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    else:
        result.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
        ]
