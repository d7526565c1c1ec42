"""Log lines that peers cause: no more than a log can bear, and none that they could forge."""

import copy
import logging
import math
import re
import time
from collections.abc import Callable, Hashable

BURST, INTERVAL = 100, 1.0
'Records of one kind that are logged at once, and seconds for each one that follows.'

MOST_KINDS = 256
'Kinds with a bound of their own; any more share one for each logger and level.'

_UNSAFE = (
    '\x00-\x08\x0b-\x1f\x7f-\x9f'  # a terminal obeys ESC and its like
    '\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069'  # bidirectional text, which hides its order
    '\u2028\u2029\ud800-\udfff'
)
_IN_TRACEBACKS = re.compile(f'[{_UNSAFE}]')
_IN_MESSAGES = re.compile(f'[\n{_UNSAFE}]')

_CHANGING = re.compile(r'0x[0-9a-f]+|\d+')
'Differs from record to record where a library fills in its texts itself, as asyncio does.'

_START = 200
'Characters of a text that distinguish it from others.'


class SafeFormatter(logging.Formatter):
    """
    Escape what a terminal or an editor obeys; a message has one line, a traceback several.

    Those of a traceback are indented, so that none can pass for a record of its own.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of the record."""
        return _IN_MESSAGES.sub(_escape, super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with its traceback, if it has one."""
        return _IN_TRACEBACKS.sub(_escape, super().format(record)).replace('\n', '\n  ')


class BoundedHandler(logging.Handler):
    """
    Pass records of the same kind on to `handler` as often as a log can bear, and count the others.

    All records of a program pass through it, whichever logger a peer can reach. A kind is a
    logger, a level, a text before its arguments are filled in, and the place where an exception
    was raised; none takes anything from another. The first record that is left out is passed on
    as soon as there is room, with the number of those that followed. DEBUG has no bound.
    """

    def __init__(
        self, handler: logging.Handler, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._handler = handler
        self._clock = clock
        self._kinds: dict[Hashable, _Kind] = {}
        self._review_at = -math.inf

    def emit(self, record: logging.LogRecord) -> None:
        """Pass `record` on, or count it."""
        if record.levelno <= logging.DEBUG:
            self._handler.handle(record)
            return
        now = self._clock()
        if now >= self._review_at:
            self._review_at = now + INTERVAL
            self._review(now)
        kind = self._kind_of(record, now)
        if kind.take(now):
            self._handler.handle(record)
        else:
            kind.leave_out(record)

    def flush(self) -> None:
        """Flush the handler."""
        self._handler.flush()

    def close(self) -> None:
        """Pass on how many were left out since the last time, and close the handler."""
        for kind in list(self._kinds.values()):
            self._pass_on(kind)
        self._kinds.clear()
        self._handler.close()
        super().close()

    def _kind_of(self, record: logging.LogRecord, now: float) -> '_Kind':
        key = _key(record)
        if key not in self._kinds and len(self._kinds) >= MOST_KINDS:
            key = (record.name, record.levelno)  # of which there are only those of the code
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _Kind(now)
        return kind

    def _review(self, now: float) -> None:
        """Pass on what there is room for, and forget the kinds that are as good as new."""
        for kind in list(self._kinds.values()):
            if kind.left_out and kind.take(now):
                self._pass_on(kind)
        self._kinds = {key: kind for key, kind in self._kinds.items() if not kind.is_new(now)}

    def _pass_on(self, kind: '_Kind') -> None:
        record = kind.take_left_out()
        if record:
            self._handler.handle(record)


class _Kind:
    def __init__(self, now: float) -> None:
        self.left_out = 0
        self._first: logging.LogRecord | None = None
        self._tokens = float(BURST)
        self._filled_at = now

    def is_new(self, now: float) -> bool:
        self._fill(now)
        return self._tokens == BURST and not self.left_out

    def take(self, now: float) -> bool:
        self._fill(now)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def leave_out(self, record: logging.LogRecord) -> None:
        self.left_out += 1
        if self._first is None:
            self._first = copy.copy(record)
            # Neither the arguments nor the frames of a traceback are kept alive.
            self._first.msg, self._first.args = record.getMessage(), None
            self._first.exc_info = None

    def take_left_out(self) -> logging.LogRecord | None:
        """Return the first record that was left out, with the number of the others, if any."""
        first, others = self._first, self.left_out - 1
        self._first, self.left_out = None, 0
        if first and others:
            first.msg = f'{first.msg} ({others} more like this left out)'
        return first

    def _fill(self, now: float) -> None:
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) / INTERVAL)
        self._filled_at = now


def _key(record: logging.LogRecord) -> Hashable:
    text = _CHANGING.sub('', str(record.msg).partition('\n')[0][:_START])
    return record.name, record.levelno, text, _raised_at(record)


def _raised_at(record: logging.LogRecord) -> Hashable:
    """Return the type and place of the exception of `record`, which peers cannot make up."""
    if not record.exc_info or record.exc_info[0] is None:
        return None
    kind, _, traceback = record.exc_info
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return kind, traceback and (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode('unicode_escape').decode()
