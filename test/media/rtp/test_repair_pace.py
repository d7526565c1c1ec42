import heapq
import itertools
import random

import pytest

from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.rtp.frame_assembler import FrameAssembler, MediaPacket
from webrtc_bridge.media.rtp.repair_pace import LONGEST, SHORTEST, RepairPace

KEYFRAME, DELTA, REST = b'\x10\x00', b'\x10\x01', b'\x00\x00'
FPS, PARTS = 30, 6


@pytest.mark.parametrize('round_trip', [None, 0.0, 0.002, 0.05])
def test_a_short_path_waits_half_a_second(round_trip: float | None) -> None:
    assert RepairPace(0.0, round_trip).give_up_after == SHORTEST == 0.5


@pytest.mark.parametrize('round_trip', [0.002, 0.05, 0.2, 0.6])
def test_a_packet_is_requested_again_after_the_round_trip(round_trip: float) -> None:
    pace = RepairPace(0.0, round_trip)
    assert round_trip < pace.retry_after < 1.5 * round_trip + 0.05
    # And often enough before it is given up.
    assert pace.give_up_after >= 3.8 * pace.retry_after
    assert pace.keyframe_after > round_trip
    assert pace.interval <= pace.retry_after


@pytest.mark.parametrize('round_trip', [5.0, 60.0])
def test_no_path_makes_video_stand_for_long(round_trip: float) -> None:
    pace = RepairPace(0.0, round_trip)
    assert (pace.give_up_after, pace.keyframe_after) == (LONGEST, LONGEST)


@pytest.mark.parametrize('max_delay', [0.05, 0.5, 10.0])
@pytest.mark.parametrize('round_trip', [None, 0.002, 0.6])
def test_what_the_user_chose_counts(max_delay: float, round_trip: float | None) -> None:
    assert RepairPace(max_delay, round_trip).give_up_after == max_delay


class Path:
    """A sender of six packets a frame, a path with a delay and loss, and an assembler."""

    def __init__(self, one_way: float, loss: float, pace: RepairPace) -> None:
        self.frames = 0
        self.keyframes = 0
        self.sent = 0
        self.resent = 0
        self._one_way = one_way
        self._loss = loss
        self._pace = pace
        self._assembler = FrameAssembler(Codec.VP8, pace)
        self._dice = random.Random(7)
        self._history: dict[int, MediaPacket] = {}
        self._keyframe_wanted = True
        self._tie = itertools.count()
        self._events: list[tuple[float, int, str, object]] = []

    def run(self, seconds: float) -> None:
        """Show `seconds` of video."""
        for number in range(round(seconds * FPS)):
            self._at(number / FPS, 'film', number)
        self._at(self._one_way, 'look', None)
        end = seconds + self._one_way
        while self._events and self._events[0][0] <= end:
            now, _, what, value = heapq.heappop(self._events)
            getattr(self, f'_{what}')(value, now)

    def _at(self, time: float, what: str, value: object) -> None:
        heapq.heappush(self._events, (time, next(self._tie), what, value))

    def _send(self, what: str, value: object, now: float) -> None:
        if self._dice.random() >= self._loss:
            self._at(now + self._one_way, what, value)

    def _film(self, number: int, now: float) -> None:
        start, self._keyframe_wanted = (KEYFRAME if self._keyframe_wanted else DELTA), False
        self.keyframes += start is KEYFRAME
        for part in range(PARTS):
            sequence, payload = number * PARTS + part & 0xFFFF, REST if part else start
            packet = MediaPacket(sequence, 3000 * number, part == PARTS - 1, payload, b'x', 0)
            self._history[sequence] = packet
            self._send('arrive', packet, now)
        self.sent += 1

    def _arrive(self, packet: MediaPacket, now: float) -> None:
        self.frames += len(self._assembler.add(packet, now))
        if self._assembler.has_new_gap:
            self._ask(self._assembler.request(now).nack, now)

    def _look(self, _: None, now: float) -> None:
        if self._assembler.in_need:
            repair = self._assembler.repair(now)
            self._ask(repair.nack, now)
            if repair.keyframe:
                self._send('keyframe', None, now)
        self._at(now + self._pace.interval, 'look', None)

    def _ask(self, nack: tuple[int, ...], now: float) -> None:
        if nack:
            self._send('again', nack, now)

    def _again(self, nack: tuple[int, ...], now: float) -> None:
        for sequence in nack:
            self.resent += 1
            self._send('arrive', self._history[sequence], now)

    def _keyframe(self, _: None, now: float) -> None:
        self._keyframe_wanted = True


@pytest.mark.parametrize(
    ('one_way', 'loss', 'fewest'),
    [(0.3, 0.02, 24), (0.3, 0.01, 24), (0.1, 0.05, 24), (0.015, 0.08, 24), (0.001, 0.1, 27)],
    ids=['a satellite with 2 %', 'GEO', 'severe', 'bad Wi-Fi', 'LAN with 10 %'],
)
def test_nearly_all_frames_arrive_on_a_path_of_any_length(
    one_way: float, loss: float, fewest: int
) -> None:
    """Of 30 a second; at 300 ms and 2 % these were 8 to 17 while 0.5 s was waited everywhere."""
    path = Path(one_way, loss, RepairPace(0.0, 2 * one_way))
    path.run(60)
    assert path.frames >= fewest / FPS * path.sent
    # Each lost packet is sent once more, or twice where that was lost, too.
    assert path.resent < 1.5 * loss * PARTS * path.sent


def test_who_wants_no_delay_gets_keyframes_instead() -> None:
    path = Path(0.3, 0.02, RepairPace(0.2, 0.6))
    path.run(60)
    assert path.keyframes > 20
