"""
A parameter that is needed before there is a node, read from the command line and its files.

ROS tells parameters to nodes alone, and creating one fixes the transports of its process. The node
declares the parameter all the same, so that ROS checks it.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ANY_NODE = ('*', '**')

FLAGS = ('-p', '--param', '--params-file', '-r', '--remap')
'Those that have a value which matters here.'


def early_value(arguments: list[str], node_name: str, name: str) -> str:
    """Return the text that `arguments` set parameter `name` of the node to; empty if none."""
    node_names = {node_name, *ANY_NODE}
    found = ''
    words = iter(ros_words(arguments))
    for flag in words:
        word = next(words, '') if flag in FLAGS else ''
        left, assigned, right = word.partition(':=')
        if flag in ('-r', '--remap') and left == '__node':
            node_names.add(right)
        elif flag == '--params-file':
            found = in_file(Path(word), node_names, name) or found
        elif assigned and left.rpartition(':')[2] == name:
            found = right
    return found


def ros_words(arguments: list[str]) -> Iterator[str]:
    """Yield the words between each --ros-args and -- (or the end)."""
    is_for_ros = False
    for word in arguments:
        if word in ('--ros-args', '--'):
            is_for_ros = word == '--ros-args'
        elif is_for_ros:
            yield word


def in_file(path: Path, node_names: set[str], name: str) -> str:
    """Return the value in a parameter file; empty if it has none, or ROS will refuse the file."""
    with contextlib.suppress(OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return in_mapping(yaml.safe_load(path.read_text(encoding='utf-8')), node_names, name)
    return ''


def in_mapping(content: Any, node_names: set[str], name: str) -> str:
    """Return the value in `content`, a mapping of node names, or of namespaces to such."""
    found = ''
    for key, value in content.items() if isinstance(content, dict) else ():
        if not isinstance(value, dict):
            continue
        last = str(key).rpartition('/')[2]
        if last in node_names and isinstance(value.get('ros__parameters'), dict):
            found = str(value['ros__parameters'].get(name) or '') or found
        elif 'ros__parameters' not in value:
            found = in_mapping(value, node_names, name) or found
    return found
