"""From the option table to a node's ROS parameters, and from their changes to the event loop."""

import asyncio
import dataclasses
from collections.abc import Callable, Collection
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.ros.parameter_descriptor import descriptor
from webrtc_bridge.program.option_row import Option, rows

T = TypeVar('T')


class UnknownParameterError(OptionError):
    """An override names a parameter that the node does not have."""

    def __str__(self) -> str:
        return f'{self.name}: not known, expected {self.expected}'


class Parameters(Generic[T]):
    """
    The parameters of `node` that stand in the option table `options`.

    They are declared at once; `options` holds their newest values, checked. The node's thread
    writes it, and callbacks of `on_change` run in the event loop.

    Raises: OptionError, naming the parameter whose override cannot be used.
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
        """Have `callback(options)` called in the running event loop after each change."""
        self._callbacks.append((asyncio.get_running_loop(), callback))

    def on_check(self, name: str, check: Callable[[Any], None]) -> None:
        """Have `check(value)` called in the node's thread before `name` changes; it may raise."""
        self._checks[name] = check

    def set(self, name: str, value: Any) -> None:
        """Change a parameter from here, as if it had been set by a command."""
        self._node.set_parameters([Parameter(name, value=value)])

    def refuse_unknown(self, others: Collection[str] = ()) -> None:
        """
        Check that each override is of a declared parameter; call it when all are declared.

        rclpy ignores the rest without a word, so that a slip of the pen goes unnoticed. `others`
        are parameters of the node that stand in no option table.

        Raises: UnknownParameterError.
        """
        for name, override in overrides(self._node).items():
            if not self._node.has_parameter(name):
                group = [other for other in others if name.split('.')[0] == other.split('.')[0]]
                raise UnknownParameterError(
                    name, override.value, 'one of ' + ', '.join(group or self._table)
                )

    def _convert(self, changes: list[Parameter]) -> list[Parameter]:
        """Give whole numbers for doubles, and empty lists, the type that rclpy will insist on."""
        return [
            as_parameter(self._table[change.name], change)
            if change.name in self._table
            else change
            for change in changes
        ]

    def _validate(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            for change in changes:
                if change.name in self._table:
                    value = self._table[change.name].check(change.value)
                    if change.name in self._checks and value != getattr(self.options, change.name):
                        self._checks[change.name](value)
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


def declare(node: Node, row: Option, name: str = '') -> Any:
    """
    Declare `row` as parameter `name` (its own without one); return its override or default.

    Raises: OptionError.
    """
    name = name or row.name
    value = row.check(row.default)
    if name in overrides(node):
        value = row.check(as_parameter(row, overrides(node)[name]).value, name)
    # The override is in `value`, checked and converted, and must not be applied once more.
    if row.kind is list:
        _declare_list(node, name, list(value), descriptor(row))
    else:
        node.declare_parameter(name, value, descriptor(row), ignore_override=True)
    return value


def _declare_list(node: Node, name: str, value: list[str], described: ParameterDescriptor) -> None:
    # rclpy 7.1 to 9.1 take the type from the value, and [] for bytes, unless it is set later on.
    texts = Parameter.Type.STRING_ARRAY
    node.declare_parameter(name, texts, ignore_override=True)
    node.set_parameters([Parameter(name, texts, value)])
    node.set_descriptor(name, described)


def overrides(node: Node) -> dict[str, Parameter]:
    """Return what the command line and parameter files set, declared or not, by name."""
    # No public call tells (rclpy 7.1 to 9.1): automatically_declare_parameters_from_overrides
    # does, but fails without a name on an empty list, whose type ROS cannot know.
    found: dict[str, Parameter] = node._parameter_overrides
    return found


def as_parameter(row: Option, given: Parameter) -> Parameter:
    """Return `given` with a whole number made a double, and an empty list one of texts."""
    if row.kind is float and given.type_ is Parameter.Type.INTEGER:
        return Parameter(given.name, Parameter.Type.DOUBLE, float(given.value))
    is_empty = given.value is None or (given.type_.name.endswith('_ARRAY') and not given.value)
    if row.kind is list and is_empty:
        # ROS makes [] a parameter without a type on a command line, and bytes in a service call.
        return Parameter(given.name, Parameter.Type.STRING_ARRAY, [])
    if given.type_ is Parameter.Type.STRING_ARRAY:
        return Parameter(given.name, Parameter.Type.STRING_ARRAY, list(given.value))
    return given
