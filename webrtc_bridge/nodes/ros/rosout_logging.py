"""Forward Python's logging to a node's logger: the console, /rosout and the log files of ROS."""

import contextlib
import logging
from collections.abc import Iterator

from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import LoggingSeverity


class RosoutHandler(logging.Handler):
    """Pass each record to `logger`, with the traceback of an exception; from any thread."""

    def __init__(self, logger: RcutilsLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Log `record` with the severity of its level."""
        text = self.format(record)
        # One line per level: rclpy refuses a call site that changes its severity.
        if record.levelno >= logging.CRITICAL:
            self._logger.fatal(text)
        elif record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)


@contextlib.contextmanager
def forwarding(logger: RcutilsLogger, level: str | None) -> Iterator[None]:
    """
    Forward the log of this package from `level` on, and the warnings of libraries, to `logger`.

    `level` is debug, info, warn or error; by default it is that of `logger` (--ros-args
    --log-level).
    """
    if level:
        logger.set_level(LoggingSeverity[level.upper()])
    handler = RosoutHandler(logger)
    root = logging.getLogger()
    ours = logging.getLogger('webrtc_bridge')
    before = ours.level
    # ROS numbers severities like Python: 10 is debug, 50 is fatal.
    ours.setLevel(int(logger.get_effective_level()))
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(before)
