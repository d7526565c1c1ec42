"""Forward Python's logging to a node's logger: the console, /rosout and the log files of ROS."""

import contextlib
import logging
from collections.abc import Iterator

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import LoggingSeverity

from webrtc_bridge.program.log_lines import BoundedHandler, SafeFormatter

SEVERITIES = sorted(set(LoggingSeverity) - {LoggingSeverity.UNSET}, reverse=True)


class RosoutHandler(logging.Handler):
    """Pass each record to `logger`, with the traceback of an exception; from any thread."""

    def __init__(self, logger: RcutilsLogger) -> None:
        super().__init__()
        self.setFormatter(SafeFormatter())
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Log `record` with the severity of its level, as logged where it was logged."""
        severity = next((each for each in SEVERITIES if record.levelno >= each), SEVERITIES[-1])
        if self._logger.is_enabled_for(severity):
            # What rclpy's own loggers call: they take the place from their caller, which would be
            # this line for all, and refuse a place that changes its severity.
            rclpy_implementation.rclpy_logging_rcutils_log(
                severity,
                self._logger.name,
                self.format(record),
                record.funcName or '',
                record.pathname,
                record.lineno,
            )


@contextlib.contextmanager
def forwarding(logger: RcutilsLogger, level: str | None) -> Iterator[None]:
    """
    Forward the log of this package from `level` on, and the warnings of libraries, to `logger`.

    `level` is debug, info, warn or error; by default it is that of `logger` (--ros-args
    --log-level).
    """
    if level:
        logger.set_level(LoggingSeverity[level.upper()])
    handler = BoundedHandler(RosoutHandler(logger))
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
        handler.close()
        ours.setLevel(before)
