"""Log lines that strangers cause: no more than a log can bear, and none that they could forge."""

import logging
import re
import time
from collections.abc import Callable

BURST, INTERVAL = 100, 1.0
'Records with the same text that are logged at once, and seconds for each one that follows.'

MOST_TEXTS = 256

_UNSAFE = (
    '\x00-\x08\x0b-\x1f\x7f-\x9f'  # a terminal obeys ESC and its like
    '\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069'  # bidirectional text, which hides its order
    '\u2028\u2029\ud800-\udfff'
)
_IN_TRACEBACKS = re.compile(f'[{_UNSAFE}]')
_IN_MESSAGES = re.compile(f'[\n{_UNSAFE}]')


class SafeFormatter(logging.Formatter):
    """Escape what a terminal or an editor obeys; a message has one line, a traceback several."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of the record."""
        return _IN_MESSAGES.sub(_escape, super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with its traceback, if it has one."""
        return _IN_TRACEBACKS.sub(_escape, super().format(record))


class BoundedLog(logging.Filter):
    """
    Let records of the same text through as often as a log can bear, and count the others.

    The text is the one before its arguments are filled in. The next record that is let through
    tells how many were not; those of DEBUG always are.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._texts: dict[str, _Text] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be logged."""
        if record.levelno <= logging.DEBUG:
            return True
        now = self._clock()
        text = self._texts.get(str(record.msg))
        if text is None:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            text = self._texts[str(record.msg)] = _Text(now)
        if not text.take(now):
            return False
        if text.left_out:
            record.msg = f'{record.getMessage()} ({text.left_out} more like this left out)'
            record.args = None
            text.left_out = 0
        return True


class _Text:
    def __init__(self, now: float) -> None:
        self.left_out = 0
        self._tokens = float(BURST)
        self._filled_at = now

    def take(self, now: float) -> bool:
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) / INTERVAL)
        self._filled_at = now
        if self._tokens < 1.0:
            self.left_out += 1
            return False
        self._tokens -= 1.0
        return True


def _escape(match: re.Match[str]) -> str:
    return match[0].encode('unicode_escape').decode()
