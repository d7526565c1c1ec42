"""Write what repeats the option table: config/*.yaml and the tables of docs/parameters.md."""

import re
import textwrap
from pathlib import Path

import yaml

from webrtc_bridge import options
from webrtc_bridge.options import ReceiverOptions, SenderNodeOptions, SignalingOptions
from webrtc_bridge.program.option_row import Option, rows

NODES = {
    'receiver': ReceiverOptions,
    'sender': SenderNodeOptions,
    'signaling': SignalingOptions,
}
ROOT = Path(__file__).parents[1]
CONFIG = ROOT / 'config'
PARAMETERS = ROOT / 'docs' / 'parameters.md'

TABLE = re.compile(r'(<!-- table of ([\w ]+) -->\n).*?(<!-- end -->)', re.DOTALL)
'A table in docs/parameters.md, and the names of its option classes.'

HEAD = """\
# Parameters of {name}_node, here with their defaults. Copy, change, and give the copy to
#   ros2 launch webrtc_bridge {name}.launch.py params_file:=FILE
# This file is written by tools/write_tables.py.
/**:
  ros__parameters:
"""


def parameter_file(name: str) -> str:
    """Return the text of config/`name`.yaml."""
    return HEAD.format(name=name) + ''.join(entry(row) for row in rows(NODES[name]))


def entry(row: Option) -> str:
    """Return the lines of one parameter; what it may be is in the comment above it."""
    text = row.description + bounds(row)
    comment = textwrap.fill(text, 99, initial_indent='    # ', subsequent_indent='    # ')
    style = "'" if row.kind is str else None
    value = yaml.safe_dump(row.default, default_style=style).splitlines()[0]
    # An empty list has no type in a parameter file, so ROS would refuse it.
    line = '# ' + row.name + ": ['…']" if row.kind is list else f'{row.name}: {value}'
    return f'{comment}\n    {line}\n'


def with_tables(text: str) -> str:
    """Return `text` with its tables made from the option table."""
    return TABLE.sub(lambda found: found[1] + table(found[2].split()) + found[3], text)


def table(names: list[str]) -> str:
    """Return one table, in Markdown, of the option classes `names`."""
    by_flag = not any(getattr(options, name) in NODES.values() for name in names)
    lines = ['| name | default | meaning |', '|---|---|---|']
    for row in (row for name in names for row in rows(getattr(options, name))):
        name = row.flag if by_flag else row.name
        default = '' if row.default in ('', ()) else f'`{row.default}`'
        live = '' if row.read_only else ' *Live: `ros2 param set`.*'
        lines.append(f'| `{name}` | {default} | {row.description}{bounds(row)}{live} |')
    return '\n'.join(lines) + '\n'


def bounds(row: Option) -> str:
    """Return the range, choices or unit of `row` in parentheses; empty without one."""
    if row.choices or row.minimum is not None or row.unit:
        return f' ({row.wanted})'
    return ''


if __name__ == '__main__':
    for name in NODES:
        (CONFIG / f'{name}.yaml').write_text(parameter_file(name), encoding='utf-8')
    text = PARAMETERS.read_text(encoding='utf-8')
    PARAMETERS.write_text(with_tables(text), encoding='utf-8')
