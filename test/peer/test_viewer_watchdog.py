"""The silence that a viewer is allowed, by a clock of the test's own."""

from collections.abc import Callable

import pytest

from webrtc_bridge.peer import viewer_watchdog
from webrtc_bridge.peer.viewer_watchdog import SILENCE, SILENCE_AFTER_EXIT, ViewerWatchdog


class Clock:
    """Stands for the event loop's clock."""

    now = 100.0

    def time(self) -> float:
        return self.now


class FakeWatchdog:
    """Stands for the watchdog, and records what silence it allows."""

    allowed: float

    def __init__(self, timeout: float, on_silence: Callable[[], None]) -> None:
        FakeWatchdog.allowed = timeout

    def heard(self) -> None:
        """Do nothing."""

    def allow(self, timeout: float) -> None:
        FakeWatchdog.allowed = timeout


async def test_a_viewer_that_outlives_its_signaling_socket_may_be_silent_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(viewer_watchdog, 'Watchdog', FakeWatchdog)
    watchdog, clock = ViewerWatchdog(lambda _: None), Clock()
    monkeypatch.setattr(watchdog, '_loop', clock)
    for _ in range(2):  # its socket may be lost again
        assert FakeWatchdog.allowed == SILENCE
        watchdog.left()
        assert FakeWatchdog.allowed == SILENCE_AFTER_EXIT
        clock.now += SILENCE_AFTER_EXIT - 1
        watchdog.heard()  # may have been on its way
        assert FakeWatchdog.allowed == SILENCE_AFTER_EXIT
        clock.now += 1
        watchdog.heard()


async def test_a_viewer_that_reports_rarely_is_given_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(viewer_watchdog, 'Watchdog', FakeWatchdog)
    watchdog, clock = ViewerWatchdog(lambda _: None), Clock()
    monkeypatch.setattr(watchdog, '_loop', clock)
    watchdog.heard()
    clock.now += 3
    watchdog.heard()
    watchdog.left()
    assert FakeWatchdog.allowed == 7.5  # two and a half intervals
    clock.now += 5
    watchdog.heard()
    watchdog.left()
    assert FakeWatchdog.allowed == SILENCE  # never more
