"""Lets what is encoded follow what the viewers' links carry."""

import logging
import time
from collections.abc import Iterable, Mapping

from webrtc_bridge.media.bandwidth.layer_allocation import Bounds, Viewer, allocate, describe
from webrtc_bridge.media.codec.encoding_thread import EncodingThread
from webrtc_bridge.media.frames import Codec, Encoding
from webrtc_bridge.peer.outbound_session import OutboundSession

SMALLEST_CHANGE = 0.05
'The part of a bit rate by which it must change for the encoder to be told.'

PASSED_LATELY = 1.0
'Seconds since the last frame of a source was passed on, in which there is nothing to make small.'

logger = logging.getLogger(__name__)


class Adaptation:
    """
    Set the encoders' bit rates, and each session's layer, to what `layer_allocation` decides.

    `lowest` is in bit/s. Belongs to the event loop, but for `note_passed`.
    """

    def __init__(
        self, encoding: EncodingThread, sessions: Iterable[OutboundSession], lowest: int
    ) -> None:
        self.lowest = lowest
        self._encoding = encoding
        self._sessions = sessions
        self._rates: Mapping[Encoding, int] = {}
        self._passed_at = float('-inf')

    def note_passed(self) -> None:
        """Take note that a frame was passed on as its source encoded it; from any thread."""
        self._passed_at = time.monotonic()

    def follow(self) -> None:
        """Do what follows from the sessions that there are, and what is known of their links."""
        highest = self._encoding.highest_bitrate
        if not highest:
            return
        viewers = {
            session: Viewer(session.encoding, session.link.rate)
            for session in self._sessions
            if session.encoding
        }
        passes = time.monotonic() - self._passed_at < PASSED_LATELY
        bounds = {
            codec: Bounds(self.lowest, highest, layered=not (passes and codec is Codec.H264))
            for codec in Codec
        }
        plan = allocate(viewers, bounds)
        if is_other(self._rates, plan.rates):
            logger.debug('bit rates %s', plan.rates)
            self._rates = plan.rates
            self._encoding.limit(plan.rates)
        for session, layer in plan.layers.items():
            if layer is not viewers[session].encoding.layer:
                logger.info('%s gets %s', session.peer_id, describe(layer, session.link.rate))
                session.change_layer(layer)


def is_other(before: Mapping[Encoding, int], now: Mapping[Encoding, int]) -> bool:
    """Say whether the encoders are to be told of bit rates."""
    return before.keys() != now.keys() or any(
        abs(rate - before[encoding]) > SMALLEST_CHANGE * before[encoding]
        for encoding, rate in now.items()
    )
