"""Pass a source's own H.264 to the viewers, without transcoding it."""

import enum
import logging
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, replace

import av

from webrtc_bridge.media.codec.decoding_thread import DecodingThread
from webrtc_bridge.media.codec.passed_colours import with_colours
from webrtc_bridge.media.frames import AccessUnit, CapturedFrame, Codec, EncodedFrame
from webrtc_bridge.media.h264.units import (
    IDR_SLICE,
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

PATIENCE = 10.0
'Seconds without a keyframe, which every viewer must start with, until that is logged.'

logger = logging.getLogger(__name__)


class PassthroughState(enum.Enum):
    """The treatment of a source's H.264."""

    WAITING = 'waiting for a keyframe'
    PASSING = 'passed through without transcoding'
    TRANSCODING = 'transcoded'


@dataclass(frozen=True)
class PassthroughListener:
    """
    Receives the frames and events of a passthrough.

    `watched` returns the codecs that have viewers. It and `on_start`, called before the first
    `on_frame`, run in the one thread that calls `put`; `on_picture` runs in the decoder's.
    """

    watched: Callable[[], Set[Codec]]
    on_start: Callable[[], None]
    on_frame: Callable[[EncodedFrame], None]
    on_picture: Callable[[CapturedFrame], None]


class Passthrough:
    """
    Hand a source's H.264 to the viewers as it is, if it has the profile that they accept.

    If not, and for viewers of another codec, the listener's `on_picture` gets it decoded, to be
    encoded again. Passing starts at a keyframe. The source alone decides when the next one comes:
    it cannot be asked for one when a viewer joins or lost the picture.

    `time` gives the frames their timestamps; `name` is the source, for the log.
    """

    def __init__(self, name: str, time: RtpTime, listener: PassthroughListener) -> None:
        self._name = name
        self._time = time
        self._listener = listener
        self._parameter_sets = ParameterSets()
        self._decoder: DecodingThread | None = None
        self._decodes = False
        self._convert = ToYuv420p().convert  # in the decoder's thread
        self._state = PassthroughState.WAITING
        self._waiting_since: float | None = None

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
        if profile and keyframe:
            self._start(profile)
        elif self._state is PassthroughState.WAITING:
            self._wait(time.monotonic())
            return
        data = self._parameter_sets.completed(unit.data, units)
        self._hand_out(EncodedFrame(Codec.H264, data, keyframe, 0, unit.capture_ns))

    def close(self) -> None:
        """End the decoder; idempotent."""
        if self._decoder:
            self._decoder.close()

    def _start(self, profile: Profile) -> None:
        is_first = self._state is not PassthroughState.PASSING
        if profile.is_baseline:
            self._set_state(PassthroughState.PASSING, str(profile))
            if is_first:
                self._listener.on_start()
        else:
            reason = f'{profile}, but only Constrained Baseline is accepted by all viewers'
            self._set_state(PassthroughState.TRANSCODING, reason)

    def _wait(self, now: float) -> None:
        if self._waiting_since is None:
            self._waiting_since = now
        elif now - self._waiting_since > PATIENCE:
            logger.warning('%s: no H.264 keyframe in %.0f s', self._name, PATIENCE)
            self._waiting_since = float('inf')

    def _hand_out(self, frame: EncodedFrame) -> None:
        watched = self._listener.watched()
        passes = self._state is PassthroughState.PASSING
        if passes and Codec.H264 in watched:
            self._listener.on_frame(self._packetized(frame))
        self._decode(frame, bool(watched - {Codec.H264} if passes else watched))

    def _packetized(self, frame: EncodedFrame) -> EncodedFrame:
        """Return `frame` with its timestamp and its RTP payloads."""
        timestamp = self._time.timestamp(frame.time_ns)
        payloads = h264_payloads(nal_units(frame.data))
        return replace(frame, timestamp=timestamp & 0xFFFFFFFF, payloads=payloads)

    def _decode(self, frame: EncodedFrame, wanted: bool) -> None:
        """Have `frame` decoded if its picture is wanted; the first must be a keyframe."""
        self._decodes = wanted and (self._decodes or frame.keyframe)
        if self._decodes:
            if self._decoder is None:
                self._decoder = DecodingThread(self._name, self._on_decoded, lambda: None)
            self._decoder.put(frame)

    def _on_decoded(self, picture: av.VideoFrame, frame: EncodedFrame) -> None:
        passed_as = Codec.H264 if self._state is PassthroughState.PASSING else None
        self._listener.on_picture(CapturedFrame(self._convert(picture), frame.time_ns, passed_as))

    def _set_state(self, state: PassthroughState, reason: str) -> None:
        if state is not self._state:
            self._state = state
            logger.info('%s: H.264 is %s: %s', self._name, state.value, reason)
