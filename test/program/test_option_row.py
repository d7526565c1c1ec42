"""The option table's rows, checked as every program and node checks them."""

import re
from dataclasses import dataclass

import pytest

from webrtc_bridge import options
from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.program.option_row import Option, checked, option, rows

TABLES = [
    table
    for table in vars(options).values()
    if isinstance(table, type) and table.__module__ == options.__name__
]


@dataclass(frozen=True)
class Kettle:
    volume: float = option(1.5, 'What fits in.', minimum=0.1, maximum=10.0, unit='litres')
    cups: int = option(4, 'How many cups.', minimum=1)
    colour: str = option('red', 'Its colour.', choices=('red', 'blue'))
    tag: str = option('', 'Its tag.', pattern=re.compile('[a-z]+'), expected='small letters')
    whistles: bool = option(False, 'Whether it whistles.', read_only=False)
    owners: tuple[str, ...] = option((), 'Who owns it.')


def row(name: str) -> Option:
    return next(row for row in rows(Kettle) if row.name == name)


def test_rows_keep_order_kind_and_default() -> None:
    assert [(row.name, row.kind, row.default) for row in rows(Kettle)] == [
        ('volume', float, 1.5),
        ('cups', int, 4),
        ('colour', str, 'red'),
        ('tag', str, ''),
        ('whistles', bool, False),
        ('owners', list, ()),
    ]


def test_flags_have_dashes_and_a_list_is_singular() -> None:
    assert Option('max_sockets', int, 1, '').flag == '--max-sockets'
    assert Option('ice_servers', list, (), '').flag == '--ice-server'
    assert Option('server_url', str, '', '', flag='--server').flag == '--server'


@pytest.mark.parametrize(
    ('name', 'value', 'result'),
    [
        ('volume', 2, 2.0),
        ('volume', 0.1, 0.1),
        ('cups', 100, 100),
        ('colour', 'blue', 'blue'),
        ('tag', 'abc', 'abc'),
        ('tag', '', ''),
        ('whistles', True, True),
        ('owners', ['a', 'b'], ('a', 'b')),
        ('owners', [], ()),
    ],
)
def test_a_good_value_is_returned_in_the_options_own_type(
    name: str, value: object, result: object
) -> None:
    found = row(name).check(value)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ('name', 'value', 'expected'),
    [
        ('volume', float('nan'), 'a number from 0.1 to 10 litres'),
        ('volume', float('inf'), 'a number from 0.1 to 10 litres'),
        ('volume', 0.0, 'a number from 0.1 to 10 litres'),
        ('volume', '2', 'a number from 0.1 to 10 litres'),
        ('volume', True, 'a number from 0.1 to 10 litres'),
        ('cups', 4.0, 'a whole number'),
        ('cups', True, 'a whole number'),
        ('cups', 0, 'a whole number'),
        ('colour', 'green', 'one of red, blue'),
        ('colour', 'Red', 'one of red, blue'),
        ('tag', 'ABC', 'small letters'),
        ('tag', 'abc\n', 'small letters'),
        ('whistles', 1, 'true or false'),
        ('whistles', 'true', 'true or false'),
        ('owners', 'a', 'a list of strings'),
        ('owners', ['a', 1], 'a list of strings'),
        ('owners', None, 'a list of strings'),
    ],
)
def test_an_invalid_value_is_reported_with_the_expected_ones(
    name: str, value: object, expected: str
) -> None:
    with pytest.raises(OptionError) as caught:
        row(name).check(value)
    assert caught.value.name == name
    assert caught.value.expected.startswith(expected)


@pytest.mark.parametrize('text', ['nan', 'inf', '', 'two', '1e', '0x2'])
def test_a_number_on_the_command_line_must_be_one(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        row('volume').parse(text)
    assert caught.value.name == '--volume'


def test_numbers_are_parsed_and_texts_are_left() -> None:
    assert row('volume').parse('2') == 2.0
    assert row('cups').parse('3') == 3
    assert row('colour').parse('blue') == 'blue'


def test_an_error_is_one_line_without_control_characters() -> None:
    with pytest.raises(OptionError) as caught:
        row('tag').check('a\x1b[31m\n' + 'x' * 1000)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 120


def test_checked_fills_in_defaults() -> None:
    assert checked(Kettle, {'cups': 2}) == Kettle(cups=2)


def test_checked_refuses_a_name_that_is_not_in_the_table() -> None:
    with pytest.raises(OptionError, match='cup: 2 given, expected one of volume, cups'):
        checked(Kettle, {'cup': 2})


@pytest.mark.parametrize('table', TABLES, ids=lambda table: table.__name__)
def test_every_default_in_the_table_is_allowed(table: type) -> None:
    assert table.__doc__
    for line in rows(table):
        assert line.check(line.default) == line.default
        assert line.description.endswith('.'), line.name


@pytest.mark.parametrize(
    'sender_id', ['a', 'front', 'Front-Camera_2.left', '7', 'x' * 64], ids=lambda x: x[:8]
)
def test_an_id_may_have_letters_digits_and_three_marks(sender_id: str) -> None:
    assert checked(options.SenderOptions, {'sender_id': sender_id}).sender_id == sender_id


@pytest.mark.parametrize('sender_id', ['a b', 'ä', 'a/b', 'a\n', 'x' * 65], ids=ascii)
def test_other_ids_are_refused(sender_id: str) -> None:
    with pytest.raises(OptionError):
        checked(options.SenderOptions, {'sender_id': sender_id})


@pytest.mark.parametrize('url', ['http://a:1', 'ws://', 'localhost:8080', 'ws:/a', 'ws:// a'])
def test_a_server_url_needs_its_scheme_and_host(url: str) -> None:
    with pytest.raises(OptionError, match='expected ws://host:port or wss://host:port'):
        checked(options.ReceiverOptions, {'server_url': url})


@pytest.mark.parametrize('origin', ['evil.com', '*', 'https://*', 'https://a/page', 'https://a b'])
def test_what_no_page_has_as_its_origin_is_named(origin: str) -> None:
    with pytest.raises(OptionError, match='there is no wildcard') as caught:
        checked(SignalingOptions, {'allowed_origins': ('https://ui.example', origin)})
    assert (caught.value.name, caught.value.value) == ('allowed_origins', origin)


@pytest.mark.parametrize(
    'origin', ['https://ui.example', 'http://[::1]:8080', 'https://UI.example/', 'null', 'app://a']
)
def test_what_a_page_may_have_as_its_origin_is_taken(origin: str) -> None:
    options = checked(SignalingOptions, {'allowed_origins': [origin]})
    assert options.allowed_origins == (origin,)
