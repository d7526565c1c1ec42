import pytest

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.protocol.json_text import read_object, write_object


@pytest.mark.parametrize(
    ('text', 'code'),
    [
        ('', 'bad_json'),
        ('{', 'bad_json'),
        ('{"type":"bye"} x', 'bad_json'),
        ("{'type':'bye'}", 'bad_json'),
        ('\ufeff{}', 'bad_json'),
        ('{"a":"line\nbreak"}', 'bad_json'),
        ('[' * 30_000, 'bad_json'),
        ('{"a":' * 12_000 + '1' + '}' * 12_000, 'bad_json'),
        ('{"a":[' + '1,' * 2000 + '1]}', 'bad_json'),
        ('{"a":[' + '[],' * 600 + '1]}', 'bad_json'),
        ('[]', 'not_object'),
        ('null', 'not_object'),
        ('"text"', 'not_object'),
        ('7', 'not_object'),
        ('{"a":NaN}', 'bad_number'),
        ('{"a":Infinity}', 'bad_number'),
        ('{"a":-Infinity}', 'bad_number'),
        ('{"a":1e999}', 'bad_number'),
        ('{"a":' + '9' * 5000 + '}', 'bad_number'),
        ('{"a":-' + '1' * 5000 + '}', 'bad_number'),
        ('{"a":1,"a":1}', 'duplicate_key'),
        ('{"a":{"b":1,"c":2,"b":3}}', 'duplicate_key'),
        ('{"type":1,"\\u0074ype":2}', 'duplicate_key'),
    ],
)
def test_hostile_text_is_refused_with_its_code(text: str, code: str) -> None:
    with pytest.raises(MessageError) as caught:
        read_object(text)
    assert caught.value.code == code


def test_what_is_quoted_of_the_text_is_one_short_line() -> None:
    key = 'k\\n' * 1000
    with pytest.raises(MessageError) as caught:
        read_object(f'{{"{key}":1,"{key}":1}}')
    assert '\n' not in caught.value.message
    assert len(caught.value.message) < 100


def test_ordinary_json_is_read_and_written() -> None:
    value = read_object(' {"a": [1, 2.5, null, true, "ü"]} ')
    assert value == {'a': [1, 2.5, None, True, 'ü']}
    assert write_object(value) == '{"a":[1,2.5,null,true,"\\u00fc"]}'
