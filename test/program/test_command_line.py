"""Flags come from the option table, and errors name the flag."""

import argparse
import asyncio
import re
from dataclasses import dataclass

import pytest

from webrtc_bridge import __version__
from webrtc_bridge.errors import OptionError, RequirementError, SourceNotFound
from webrtc_bridge.program.command_line import add_arguments, from_arguments, run_command
from webrtc_bridge.program.option_row import option


@dataclass(frozen=True)
class Kettle:
    """Boil water."""

    volume: float = option(1.5, 'Fills 100 % of it.', minimum=0.1, maximum=10.0, unit='litres')
    colour: str = option('red', 'Its colour.', choices=('red', 'blue'))
    tag_name: str = option('', 'Its tag.', pattern=re.compile('[a-z]+'), flag='--tag')
    whistles: bool = option(False, 'Whether it whistles.')
    insulated: bool = option(True, 'Whether it stays warm.')
    owners: tuple[str, ...] = option((), 'Who owns it.')


def kettle(*arguments: str) -> Kettle:
    parser = argparse.ArgumentParser()
    add_arguments(parser, Kettle)
    return from_arguments(Kettle, parser.parse_args(arguments))


def test_nothing_given_is_the_defaults() -> None:
    assert kettle() == Kettle()


def test_every_kind_of_flag() -> None:
    words = '--volume 2 --colour blue --tag x --whistles --no-insulated --owner a --owner b'
    assert kettle(*words.split()) == Kettle(2.0, 'blue', 'x', True, False, ('a', 'b'))


@pytest.mark.parametrize(
    ('arguments', 'line'),
    [
        (['--volume', 'nan'], '--volume: nan given, expected a number from 0.1 to 10 litres'),
        (['--volume', 'much'], "--volume: 'much' given, expected a number from 0.1 to 10 litres"),
        (['--colour', 'green'], "--colour: 'green' given, expected one of red, blue"),
        (['--tag', 'X'], "--tag: 'X' given, expected text matching [a-z]+"),
    ],
)
def test_an_error_names_the_flag(arguments: list[str], line: str) -> None:
    with pytest.raises(OptionError) as caught:
        kettle(*arguments)
    assert str(caught.value) == line


def test_help_shows_default_and_unit_and_survives_a_percent_sign() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser, Kettle)
    text = ' '.join(parser.format_help().split())
    assert 'Fills 100 % of it. [litres] (default: 1.5)' in text
    assert '--colour red|blue' in text
    assert 'Who owns it. May be repeated.' in text


class Program:
    """A program made by run_command, and the options that its main received."""

    def __init__(self) -> None:
        self.got: list[object] = []
        self.error: Exception | None = None

    async def main(self, *options: object) -> None:
        self.got.extend(options)
        await asyncio.sleep(0)
        if self.error:
            raise self.error

    def require(self) -> None:
        """Find everything that is needed."""

    def run(self, *arguments: str) -> int:
        return run_command('kettle', 'Boil.', (Kettle,), self.require, self.main, list(arguments))


def test_a_program_gets_its_options_and_ends_with_0() -> None:
    program = Program()
    assert program.run('--volume', '3') == 0
    assert program.got == [Kettle(volume=3.0)]


def test_an_invalid_option_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    program = Program()
    assert program.run('--volume', '99') == 2
    assert capsys.readouterr().err == (
        'error: --volume: 99.0 given, expected a number from 0.1 to 10 litres\n'
    )
    assert program.got == []


def test_an_error_of_the_program_is_one_line_and_its_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = Program()
    program.error = SourceNotFound('/dev/video9', 'no such device')
    assert program.run() == 3
    assert capsys.readouterr().err == 'error: source /dev/video9: no such device\n'


def test_a_missing_library_is_one_line_and_status_3(capsys: pytest.CaptureFixture[str]) -> None:
    def require() -> None:
        raise RequirementError('aiortc', '1.4.0', '==1.16.*', 'pip install it')

    program = Program()
    program.require = require  # type: ignore[method-assign]
    assert program.run() == 3
    assert capsys.readouterr().err == (
        'error: aiortc 1.4.0 found, ==1.16.* needed: pip install it\n'
    )
    assert program.got == []


@pytest.mark.parametrize('arguments', [['--nothing'], ['--log-level', 'loud'], ['word']])
def test_an_unknown_flag_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        Program().run(*arguments)
    assert caught.value.code == 2


def test_version_and_help_need_no_library(capsys: pytest.CaptureFixture[str]) -> None:
    def require() -> None:
        raise RequirementError('aiortc', None, '==1.16.*', 'pip install it')

    program = Program()
    program.require = require  # type: ignore[method-assign]
    for flag in ('--version', '--help'):
        with pytest.raises(SystemExit) as caught:
            program.run(flag)
        assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(__version__)
