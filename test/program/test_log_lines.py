import io
import logging
import sys
import weakref
from collections.abc import Callable, Iterator

import pytest

from webrtc_bridge.program.lifetime import configure_logging
from webrtc_bridge.program.log_lines import (
    BURST,
    INTERVAL,
    MOST_KINDS,
    BoundedHandler,
    SafeFormatter,
)


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


def test_a_traceback_keeps_its_lines_and_none_passes_for_a_record(lines: Lines) -> None:
    try:
        raise ValueError('\x1b[31m\u202e\nERROR forged')
    except ValueError:
        logger.exception('failed\n')
    (line,) = lines.lines
    first, *rest = line.split('\n')
    assert first == 'ERROR failed\\n'
    assert rest[0] == '  Traceback (most recent call last):'
    assert rest[-2:] == ['  ValueError: \\x1b[31m\\u202e', '  ERROR forged']


class Bounded:
    """A bounded handler at a time of the test's choice, and what it lets through."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lines = Lines()
        self.handler = BoundedHandler(self._lines, lambda: self.now)

    def log(self, text: str, *arguments: object, level: int = logging.INFO) -> list[str]:
        """Log a text; return the lines that come of it."""
        return self.handle(logging.LogRecord('x', level, '', 0, text, arguments, None))

    def handle(self, record: logging.LogRecord) -> list[str]:
        self.handler.handle(record)
        return self.taken()

    def taken(self) -> list[str]:
        taken, self._lines.lines = self._lines.lines, []
        return taken


@pytest.fixture
def bounded() -> Bounded:
    return Bounded()


def test_the_same_text_again_and_again_is_counted_and_another_is_not_touched(
    bounded: Bounded,
) -> None:
    seen = [bounded.log('refused %d', number) for number in range(BURST + 1000)]
    assert seen == [[f'INFO refused {n}'] for n in range(BURST)] + [[]] * 1000
    assert bounded.log('registered %s', 'a') == ['INFO registered a']
    assert bounded.log('refused %s', 'b', level=logging.ERROR) == ['ERROR refused b']
    assert bounded.log('refused %d', 0, level=logging.DEBUG) == ['DEBUG refused 0']
    bounded.now += INTERVAL
    first = f'INFO refused {BURST} (999 more like this left out)'
    assert bounded.log('refused %d', -1) == [first]
    bounded.now += INTERVAL
    assert bounded.log('registered %s', 'b') == ['INFO refused -1', 'INFO registered b']


def test_how_many_were_left_out_is_known_when_the_program_ends(bounded: Bounded) -> None:
    for _ in range(BURST + 3):
        bounded.log('refused')
    bounded.taken()
    bounded.handler.close()
    assert bounded.taken() == ['INFO refused (2 more like this left out)']


def test_a_text_that_a_library_fills_in_is_the_same_with_other_numbers(bounded: Bounded) -> None:
    text = 'Task exception was never retrieved in {0} of {0:#x}\n{0}'
    assert sum(len(bounded.log(text.format(number))) for number in range(1000)) == BURST


def test_an_error_raised_elsewhere_is_logged_whatever_a_peer_raises(bounded: Bounded) -> None:
    def failure(fail: Callable[[], object]) -> logging.LogRecord:
        try:
            fail()
        except ValueError:
            text = 'Task exception was never retrieved'
            return logging.LogRecord('asyncio', 40, '', 0, text, (), sys.exc_info())
        raise AssertionError

    def peer() -> None:
        raise ValueError('by a peer')

    of_peer = [bounded.handle(failure(peer)) for _ in range(2 * BURST)]
    assert [] in of_peer
    (line,) = bounded.handle(failure(lambda: int('ours')))
    assert "'ours'" in line


def test_texts_that_are_never_the_same_take_no_memory_and_starve_no_other_logger(
    bounded: Bounded,
) -> None:
    seen = [bounded.log(chr(0x4E00 + number)) for number in range(10_000)]
    assert sum(len(lines) for lines in seen) == MOST_KINDS + BURST
    other = logging.LogRecord('y', logging.INFO, '', 0, 'another', (), None)
    assert bounded.handle(other) == ['INFO another']
    bounded.now += BURST * INTERVAL
    assert bounded.log('new')[-1] == 'INFO new'
    assert len(bounded.handler._kinds) == 2  # itself, and that of what was left out


def test_what_is_left_out_keeps_no_frames_alive(bounded: Bounded) -> None:
    class Held:
        pass

    held = Held()
    gone = weakref.ref(held)
    for _ in range(BURST + 1):
        bounded.log('%s', held)
    del held
    assert gone() is None


def test_a_program_bounds_the_lines_of_every_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    written = io.StringIO()
    monkeypatch.setattr(root, 'handlers', [])
    monkeypatch.setattr(root, 'level', root.level)
    monkeypatch.setattr(sys, 'stderr', written)
    configure_logging('warn')
    for name in ('webrtc_bridge.peer.metadata_channel', 'asyncio'):
        for _ in range(1000):
            logging.getLogger(name).warning('%s: ignored', name)
    assert written.getvalue().count('ignored\n') == 2 * BURST
