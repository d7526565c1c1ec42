import logging
from collections.abc import Iterator

import pytest

from webrtc_bridge.program.log_lines import BURST, INTERVAL, BoundedLog, SafeFormatter


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(SafeFormatter('%(levelname)s %(message)s'))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


logger = logging.getLogger('test.log_lines')
logger.setLevel(logging.INFO)


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('plain Türkamera', 'plain Türkamera'),
        ('\x1b[2Jcleared', '\\x1b[2Jcleared'),
        ('a\n[ERROR] forged', 'a\\n[ERROR] forged'),
        ('a\r\x9b', 'a\\r\\x9b'),
        ('\u202egpj.exe\u2066', '\\u202egpj.exe\\u2066'),
        ('\u2028', '\\u2028'),
        ('\ud800', '\\ud800'),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(lines: Lines, text: str, shown: str) -> None:
    logger.warning('said %s', text)
    assert lines.lines == [f'WARNING said {shown}']


def test_a_traceback_keeps_its_lines_and_not_what_is_in_them(lines: Lines) -> None:
    try:
        raise ValueError('\x1b[31m\u202e')
    except ValueError:
        logger.exception('failed\n')
    (line,) = lines.lines
    first, *rest = line.split('\n')
    assert first == 'ERROR failed\\n'
    assert rest[0] == 'Traceback (most recent call last):'
    assert rest[-1] == 'ValueError: \\x1b[31m\\u202e'


def test_the_same_text_again_and_again_is_counted_and_another_is_not_touched() -> None:
    now = [0.0]
    bounded = BoundedLog(lambda: now[0])

    def logged(text: str, level: int = logging.INFO) -> str | None:
        record = logging.LogRecord('x', level, '', 0, text, ('198.51.100.7',), None)
        return record.getMessage() if bounded.filter(record) else None

    seen = [logged('refused %s') for _ in range(BURST + 1000)]
    assert seen == ['refused 198.51.100.7'] * BURST + [None] * 1000
    assert logged('registered %s') == 'registered 198.51.100.7'
    assert logged('refused %s', logging.DEBUG)
    now[0] += INTERVAL
    assert logged('refused %s') == 'refused 198.51.100.7 (1000 more like this left out)'
    assert logged('refused %s') is None


def test_texts_that_are_never_the_same_take_no_memory() -> None:
    bounded = BoundedLog(lambda: 0.0)
    for number in range(10_000):
        bounded.filter(logging.LogRecord('x', logging.INFO, '', 0, f'{number}', None, None))
    assert len(bounded._texts) <= 256
