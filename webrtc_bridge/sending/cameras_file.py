"""The file of `webcam_sender --cameras`: a YAML list of cameras that one process serves."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from webrtc_bridge.errors import (
    OptionError,
    RequirementError,
    UnusableValueError,
    describe,
    printable,
)
from webrtc_bridge.options import EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.program.files import read_bounded
from webrtc_bridge.program.option_row import Option, rows
from webrtc_bridge.program.redaction import without_credentials

MAX_FILE = 65536
MOST_CAMERAS = 32

_FILE = 'a YAML list of cameras like "- id: front"'


@dataclass(frozen=True)
class CameraEntry:
    """One camera of the file; `where` names it in an error."""

    where: str
    sender: SenderOptions
    source: SourceOptions
    encoder: EncoderOptions


def read_cameras(
    file: str, sender: SenderOptions, source: SourceOptions, encoder: EncoderOptions
) -> list[CameraEntry]:
    """
    Return the cameras of `file`; what an entry does not say is as in the given options.

    Raises: OptionError, naming file, entry and key; RequirementError without PyYAML.
    """
    if sender.sender_id:
        raise OptionError('--id', sender.sender_id, f'no id: each camera in {file} needs its own')
    defaults = CameraEntry('', sender, source, encoder)
    cameras: list[CameraEntry] = []
    for number, (line, values) in enumerate(_entries(file), 1):
        where = f'{file} line {line}, camera {number}'
        camera = _camera(where, values, defaults)
        if any(camera.sender.sender_id == other.sender.sender_id for other in cameras):
            expected = 'an id that no other camera has'
            raise OptionError(f'{where}: id', camera.sender.sender_id, expected)
        cameras.append(camera)
    if not 0 < len(cameras) <= MOST_CAMERAS:
        raise UnusableValueError(file, f'{len(cameras)} cameras', f'1 to {MOST_CAMERAS}')
    return cameras


def keys() -> dict[str, tuple[str, Option]]:
    """Return what an entry may have: `CameraEntry`'s field and the row of the option table."""
    tables = (('sender', SenderOptions), ('source', SourceOptions), ('encoder', EncoderOptions))
    found = {_key(row): (field, row) for field, table in tables for row in rows(table)}
    for key in ('server', 'token_file', 'ca'):
        del found[key]  # one for all
    return found


def _key(row: Option) -> str:
    return row.flag.removeprefix('--').replace('-', '_')


def _camera(where: str, values: dict[str, Any], camera: CameraEntry) -> CameraEntry:
    known = keys()
    if type(values.get('id')) is str:
        where += f' ({values["id"]})' if values['id'].isprintable() else ''
    for key, value in values.items():
        if key not in known:
            raise OptionError(where, key, 'one of ' + ', '.join(known))
        field, row = known[key]
        shown = _without_password(value) if key == 'source' else value
        try:
            checked = row.check(value)
        except OptionError as error:
            raise OptionError(f'{where}: {key}', shown, error.expected) from None
        changed = replace(getattr(camera, field), **{row.name: checked})
        camera = replace(camera, **{field: changed})
    if not camera.sender.sender_id:
        raise OptionError(f'{where}: id', '', 'the id that receivers ask for')
    return replace(camera, where=where)


def _entries(file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each entry's line in the file, and its keys and values."""
    try:
        yaml: Any = importlib.import_module('yaml')
    except ImportError:
        install = 'python3 -m pip install pyyaml'
        raise RequirementError('PyYAML', None, '', install) from None
    try:
        loader = yaml.SafeLoader(_text(file))
    except yaml.reader.ReaderError as error:
        raise UnusableValueError(file, str(error.reason), _FILE) from None
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.SequenceNode):
            raise UnusableValueError(file, _kind(root), _FILE)
        for entry in root.value:
            if not isinstance(entry, yaml.MappingNode):
                raise UnusableValueError(_place(file, entry.start_mark), _kind(entry), _FILE)
            _refuse_doubles(file, entry)
            loader.flatten_mapping(entry)  # <<: *defaults
            values = loader.construct_mapping(entry, deep=True)
            yield entry.start_mark.line + 1, {str(key): value for key, value in values.items()}
    except yaml.YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        problem = getattr(error, 'problem', None) or type(error).__name__
        raise UnusableValueError(_place(file, mark), problem, _FILE) from None
    finally:
        loader.dispose()


def _text(file: str) -> str:
    try:
        return read_bounded(file, MAX_FILE).decode()
    except OSError as error:
        expected = f'a readable file of at most {MAX_FILE} bytes'
        raise UnusableValueError(file, describe(error), expected) from None
    except ValueError:
        raise UnusableValueError(file, 'not UTF-8 text', _FILE) from None


def _refuse_doubles(file: str, entry: Any) -> None:
    """PyYAML takes the last of several values of a key, without a word."""
    seen = set()
    for key, _ in entry.value:
        if key.value in seen:
            twice = f'{printable(key.value)} a second time'
            raise UnusableValueError(_place(file, key.start_mark), twice, 'each key once')
        seen.add(str(key.value))


def _place(file: str, mark: Any) -> str:
    return f'{file} line {mark.line + 1}' if mark else file


def _kind(node: Any) -> str:
    """Return what a node of YAML is: map, str, int and so on."""
    return str(node.tag.rpartition(':')[2]) if node else 'nothing'


def _without_password(source: Any) -> str:
    return without_credentials(source) if isinstance(source, str) else type(source).__name__
