"""The documents name what exists: commands, flags, parameters, launch arguments, links."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from support.ros.launch_files import declared_arguments

from webrtc_bridge import options
from webrtc_bridge.__main__ import COMMANDS
from webrtc_bridge.program.option_row import rows

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').glob('*.md'))]
OPTIONS = {
    'signaling': [options.SignalingOptions],
    'webcam': [
        *(options.SenderOptions, options.SourceOptions),
        *(options.EncoderOptions, options.CamerasOptions),
    ],
    'gstreamer': [options.SenderOptions, options.GStreamerOptions],
    'token': [options.TokenOptions],
    'certificate': [options.CertificateOptions],
    'doctor': [options.DoctorOptions],
    'demo': [options.DemoOptions, options.SourceOptions],
}
PROGRAMS = {'webcam_sender': 'webcam', 'gstreamer_sender': 'gstreamer'}
COMMAND = re.compile(
    r'(?<![\w/-])(?<!run )(?<!launch )'
    r'(?:webrtc_bridge (?P<command>[a-z_]+)|(?P<program>webcam_sender|gstreamer_sender))\b'
    r'(?P<rest>[^`\n]*)'
)


def text_of(page: Path) -> str:
    return page.read_text(encoding='utf-8')


def code_of(page: Path) -> Iterator[str]:
    """Yield each line of code and each piece of code within a line."""
    text = text_of(page)
    blocks = re.findall(r'^```.*?\n(.*?)^```', text, re.DOTALL | re.MULTILINE)
    yield from chain.from_iterable(block.splitlines() for block in blocks)
    yield from re.findall(r'`([^`\n]+)`', text)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of `page`."""
    headings = re.findall(r'^#+ (.+)$', text_of(page), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading).lower().replace(' ', '-') for heading in headings}


def known_flags(command: str) -> set[str]:
    tables = OPTIONS[command]
    found = {row.flag for table in tables for row in rows(table)}
    return found | {'--help', '--version', '--log-level'}


def test_the_readme_is_short() -> None:
    assert len(text_of(ROOT / 'README.md').splitlines()) <= 150


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_sections(page: Path) -> None:
    text = text_of(page)
    links = re.findall(r'\]\(([^)\s]+)\)', text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for link in links:
        if '://' in link:
            continue
        name, _, section = link.partition('#')
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not section or section in anchors(target), link


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    places = [ROOT, ROOT / 'webrtc_bridge', ROOT / 'docs']
    named = re.findall(
        r'(?<![\w/.$-])(?:\w+/)+\w+(?:\.launch)?\.(?:py|js|md|yaml|sh)\b', text_of(page)
    )
    examples = {'install/setup.sh', 'webrtc_bridge/a/b.py', 'test/a/test_b.py'}
    lost = [file for file in named if not any((place / file).exists() for place in places)]
    assert not set(lost) - examples


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_commands_and_their_flags_exist(page: Path) -> None:
    for line in code_of(page):
        for found in COMMAND.finditer(line):
            command = found['command'] or PROGRAMS[found['program']]
            assert command in COMMANDS, line
            unknown = set(re.findall(r'(?<!\S)--[a-z-]+', found['rest'])) - known_flags(command)
            assert not unknown, line


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_what_ros2_run_starts_exists(page: Path) -> None:
    programs = set(re.findall(r"'(\w+) = ", text_of(ROOT / 'setup.py')))
    for line in code_of(page):
        for program in re.findall(r'ros2 run webrtc_bridge ([a-z]\w*)', line):
            assert program in programs, line


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_launch_files_and_their_arguments_exist(page: Path) -> None:
    for line in code_of(page):
        for name, rest in re.findall(r'ros2 launch webrtc_bridge (\S+)(.*)', line):
            arguments = declared_arguments()[name]
            for argument in re.findall(r'(\w+):=', rest):
                assert argument in arguments, line


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_parameters_exist(page: Path) -> None:
    tables = (options.ReceiverOptions, options.SenderNodeOptions, options.SignalingOptions)
    known = {row.name for table in tables for row in rows(table)}
    known.add('use_sim_time')  # of every node
    for line in code_of(page):
        for name in re.findall(r'-p [\'"]?([a-z_][\w./]*):=', line):
            assert name in known or name.startswith('qos_overrides.'), line
