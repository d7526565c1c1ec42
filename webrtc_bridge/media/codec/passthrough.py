"""H.264 that a source has encoded itself, on its way to the viewers."""

import enum
import logging
import time
from collections.abc import Callable, Set
from fractions import Fraction

import av
from aiortc.codecs.h264 import H264Encoder

from webrtc_bridge.media.codec.decoding_thread import DecodingThread
from webrtc_bridge.media.frames import AccessUnit, CapturedFrame, Codec, EncodedFrame
from webrtc_bridge.media.h264.units import (
    IDR_SLICE,
    SLICE,
    START_CODE,
    ParameterSets,
    Profile,
    kind,
    nal_units,
)
from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE, RtpTime

PATIENCE = 10.0
'Seconds without a keyframe, which nobody can view the video without, until that is said.'

TICK = Fraction(1, CLOCK_RATE)

logger = logging.getLogger(__name__)


class PassthroughState(enum.Enum):
    """What becomes of a source's H.264."""

    WAITING = 'waiting for a keyframe'
    PASSING = 'passed through without transcoding'
    TRANSCODING = 'transcoded'


class Passthrough:
    """
    Hand a source's H.264 to the viewers as it is, if it is of the profile that they take.

    Otherwise, and for viewers of another codec, `on_picture` gets it decoded, to be encoded anew.
    It is passed on from a keyframe on. When the next one comes is up to the source: that somebody
    joined or lost the picture cannot be told to it.

    `watched` says which codecs are. `deliver` and `on_begin`, called before the first frame, run
    in the one thread that calls `put`; `on_picture` in the decoder's. Frames get `time`'s
    timestamps. `name` is what is passed.
    """

    def __init__(
        self,
        name: str,
        time: RtpTime,
        watched: Callable[[], Set[Codec]],
        on_begin: Callable[[], None],
        deliver: Callable[[EncodedFrame], None],
        on_picture: Callable[[CapturedFrame], None],
    ) -> None:
        self._name = name
        self._time = time
        self._watched = watched
        self._on_begin = on_begin
        self._deliver = deliver
        self._on_picture = on_picture
        self._parameter_sets = ParameterSets()
        self._payloader = H264Encoder()
        self._decoder: DecodingThread | None = None
        self._decodes = False
        self._state = PassthroughState.WAITING
        self._waiting_since: float | None = None

    def put(self, unit: AccessUnit) -> None:
        """Take the next access unit; never blocks."""
        units = list(nal_units(unit.data))
        self._parameter_sets.note(units)
        kinds = {kind(unit) for unit in units}
        if not kinds & {SLICE, IDR_SLICE}:
            return
        profile = self._parameter_sets.profile
        keyframe = IDR_SLICE in kinds
        if profile and keyframe:
            self._begin(profile)
        elif self._state is PassthroughState.WAITING:
            self._wait(time.monotonic())
            return
        data = self._parameter_sets.completed(unit.data, units)
        self._hand_on(EncodedFrame(Codec.H264, data, keyframe, 0, unit.capture_ns))

    def close(self) -> None:
        """End the decoder; idempotent."""
        if self._decoder:
            self._decoder.close()

    def _begin(self, profile: Profile) -> None:
        is_first = self._state is not PassthroughState.PASSING
        if profile.is_baseline:
            self._set_state(PassthroughState.PASSING, str(profile))
            if is_first:
                self._on_begin()
        else:
            reason = f'{profile}, and viewers are sure to take Constrained Baseline alone'
            self._set_state(PassthroughState.TRANSCODING, reason)

    def _wait(self, now: float) -> None:
        if self._waiting_since is None:
            self._waiting_since = now
        elif now - self._waiting_since > PATIENCE:
            logger.warning('%s: no H.264 keyframe in %.0f s', self._name, PATIENCE)
            self._waiting_since = float('inf')

    def _hand_on(self, frame: EncodedFrame) -> None:
        watched = self._watched()
        passes = self._state is PassthroughState.PASSING
        if passes and Codec.H264 in watched:
            self._deliver(self._cut(frame))
        self._decode(frame, bool(watched - {Codec.H264} if passes else watched))

    def _cut(self, frame: EncodedFrame) -> EncodedFrame:
        """Return `frame` with its timestamp, and cut for RTP packets."""
        timestamp = self._time.timestamp(frame.time_ns)
        # aiortc trips over NAL units without a byte, which a broken source may have.
        units = (b'\0' + START_CODE + unit for unit in nal_units(frame.data))
        packet = av.Packet(b''.join(units))
        packet.pts, packet.time_base = timestamp, TICK
        payloads, _ = self._payloader.pack(packet)
        return EncodedFrame(
            codec=frame.codec,
            data=frame.data,
            keyframe=frame.keyframe,
            timestamp=timestamp & 0xFFFFFFFF,
            time_ns=frame.time_ns,
            payloads=tuple(payloads),
        )

    def _decode(self, frame: EncodedFrame, wanted: bool) -> None:
        """Have `frame` decoded, if its picture is wanted; the first must be a keyframe."""
        self._decodes = wanted and (self._decodes or frame.keyframe)
        if self._decodes:
            if self._decoder is None:
                self._decoder = DecodingThread(self._name, self._on_decoded, lambda: None)
            self._decoder.put(frame)

    def _on_decoded(self, picture: av.VideoFrame, frame: EncodedFrame) -> None:
        passes = self._state is PassthroughState.PASSING
        self._on_picture(CapturedFrame(picture, frame.time_ns, Codec.H264 if passes else None))

    def _set_state(self, state: PassthroughState, reason: str) -> None:
        if state is not self._state:
            self._state = state
            logger.info('%s: H.264 is %s: %s', self._name, state.value, reason)
