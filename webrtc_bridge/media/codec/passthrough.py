"""Pass a source's own H.264 to the viewers, without transcoding it."""

import enum
import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import av

from webrtc_bridge.media.codec.decoding_thread import DecodingThread
from webrtc_bridge.media.codec.passed_colours import with_colours
from webrtc_bridge.media.codec.recent_frames import RecentFrames
from webrtc_bridge.media.frames import AccessUnit, CapturedFrame, Codec, EncodedFrame
from webrtc_bridge.media.h264.units import (
    IDR_SLICE,
    PATIENCE_NS,
    SLICE,
    SPS,
    ParameterSets,
    Profile,
    kind,
    nal_units,
)
from webrtc_bridge.media.pixels.to_yuv420p import ToYuv420p
from webrtc_bridge.media.rtp.payloader import h264_payloads
from webrtc_bridge.media.rtp.rtp_time import RtpTime

logger = logging.getLogger(__name__)


class PassthroughState(enum.Enum):
    """The treatment of a source's H.264."""

    WAITING = 'waiting for a keyframe'
    PASSING = 'passed through without transcoding'
    TRANSCODING = 'transcoded'


@dataclass(frozen=True)
class PassthroughListener:
    """
    Takes what a passthrough hands on.

    `watched` returns whether H.264 has viewers, `wants_pictures` whether to decode what they get
    as a codec, or as none; that may run in any thread. `on_start`, called before the first
    `on_frame`, runs in the one thread that calls `put`; `on_picture` runs in the decoder's.
    `on_no_pictures` is called when no more pictures come, so that the newest is outdated.
    """

    watched: Callable[[], bool]
    wants_pictures: Callable[[Codec | None], bool]
    on_start: Callable[[], None]
    on_frame: Callable[[EncodedFrame], None]
    on_picture: Callable[[CapturedFrame], None]
    on_no_pictures: Callable[[], None]


class Passthrough:
    """
    Hand a source's H.264 to the viewers as it is, if it has the profile that they accept.

    If not, and for viewers of another codec, the listener's `on_picture` gets it decoded, to be
    encoded again. Passing starts at a keyframe; a stream without any is decoded. The source alone
    decides when the next one comes: it cannot be asked for one when a viewer joins or lost the
    picture. Until then such a viewer, too, gets encoded pictures: what came since the last
    keyframe is kept, and decoded on `demand`.

    `time` gives the frames their timestamps; `name` is the source, for the log.
    """

    def __init__(self, name: str, time: RtpTime, listener: PassthroughListener) -> None:
        self._name = name
        self._time = time
        self._listener = listener
        self._lock = threading.Lock()  # of what is kept and decoded
        self._parameter_sets = ParameterSets()
        self._convert = ToYuv420p().convert  # in the decoder's thread
        self._recent = RecentFrames()
        self._decoder: DecodingThread | None = None
        self._decodes = False
        self._shown_from = 0
        self._state = PassthroughState.WAITING
        self._useless_since_ns: float | None = None  # inf once that is logged
        self._closed = False

    @property
    def state(self) -> PassthroughState:
        """The present treatment."""
        return self._state

    @property
    def passes(self) -> bool:
        """Return whether viewers get the source's own H.264."""
        return self._state is PassthroughState.PASSING and not self._closed

    def put(self, unit: AccessUnit) -> None:
        """Take the next access unit; never blocks."""
        units = list(nal_units(unit.data))
        kinds = {kind(unit) for unit in units}
        if SPS in kinds:
            unit = replace(unit, data=with_colours(unit.data))
            units = list(nal_units(unit.data))
        self._parameter_sets.note(units)
        if not kinds & {SLICE, IDR_SLICE}:
            return
        profile = self._parameter_sets.profile
        keyframe = IDR_SLICE in kinds
        if profile is None:
            self._note_lack(unit.capture_ns)
            return
        data = self._parameter_sets.completed(unit.data, units)
        if keyframe:
            self._start(profile)
        elif not len(self._recent):
            # Should a decoder have to start here, it needs them.
            data = self._parameter_sets.before(data)
        taken_ns, header = unit.capture_ns, unit.header
        self._hand_out(EncodedFrame(Codec.H264, data, keyframe, 0, taken_ns, header=header))

    def demand(self) -> None:
        """Start to decode at once if pictures are wanted now; from any thread."""
        with self._lock:
            self._follow_demand()

    def close(self) -> None:
        """End the decoder; idempotent."""
        with self._lock:
            self._closed = True
            self._recent.drop()
        if self._decoder:
            self._decoder.close()

    def _note_lack(self, time_ns: int) -> None:
        """Warn once where the parameter sets, which come with a keyframe, fail to come."""
        if self._useless_since_ns is None:
            self._useless_since_ns = time_ns
        elif time_ns - self._useless_since_ns > PATIENCE_NS:
            self._useless_since_ns = math.inf
            logger.warning(
                '%s: its H.264 cannot be shown before its next keyframe, and none has come in '
                '%.0f s. Set a keyframe interval (GOP) where it is encoded',
                self._name,
                PATIENCE_NS / 1e9,
            )

    def _start(self, profile: Profile) -> None:
        is_first = self._state is not PassthroughState.PASSING
        if profile.is_baseline:
            self._set_state(PassthroughState.PASSING, str(profile))
            if is_first:
                self._listener.on_start()
        else:
            reason = f'{profile}, but only Constrained Baseline is accepted by all viewers'
            self._set_state(PassthroughState.TRANSCODING, reason)

    def _hand_out(self, frame: EncodedFrame) -> None:
        if self.passes and self._listener.watched():
            self._listener.on_frame(self._packetized(frame))
        elif self.passes:
            # Nobody gets it, but pictures decoded of it have its time.
            self._time.timestamp(frame.time_ns)
        with self._lock:
            self._recent.add(frame)
            if self._recent.lacks_keyframes:
                reason = f'no keyframe in {PATIENCE_NS / 1e9:.0f} s, as with intra refresh'
                self._set_state(PassthroughState.TRANSCODING, reason)
            if self._decodes and self._decoder:
                self._decoder.put(frame)
            self._follow_demand()
            if self._recent.overflowed:
                self._recent.drop()

    def _packetized(self, frame: EncodedFrame) -> EncodedFrame:
        """Return `frame` with its timestamp and its RTP payloads."""
        timestamp = self._time.timestamp(frame.time_ns)
        payloads = h264_payloads(nal_units(frame.data))
        return replace(frame, timestamp=timestamp & 0xFFFFFFFF, payloads=payloads)

    def _follow_demand(self) -> None:
        """Decode from the newest keyframe on, or stop to."""
        # What can be kept no longer has to be decoded, to be there for those who come.
        wanted = self._recent.overflowed or self._listener.wants_pictures(
            Codec.H264 if self.passes else None
        )
        if wanted and not self._decodes and self._recent.decodable:
            *_, newest = self._recent
            self._shown_from = newest.time_ns
            self._decodes = True
            if self._decoder is None:
                self._decoder = DecodingThread(
                    self._name, self._on_decoded, lambda: None, starts_anywhere=True
                )
            self._decoder.catch_up(list(self._recent))
        elif self._decodes and not wanted:
            self._decodes = False
            self._listener.on_no_pictures()

    def _on_decoded(self, picture: av.VideoFrame, frame: EncodedFrame) -> None:
        # Not those that are older than the newest was when this began.
        if self._decodes and frame.time_ns >= self._shown_from:
            passed_as = Codec.H264 if self.passes else None
            converted = self._convert(picture)
            captured = CapturedFrame(converted, frame.time_ns, passed_as, frame.header)
            self._listener.on_picture(captured)

    def _set_state(self, state: PassthroughState, reason: str) -> None:
        if state is not self._state:
            self._state = state
            logger.info('%s: H.264 is %s: %s', self._name, state.value, reason)
