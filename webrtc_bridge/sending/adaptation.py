"""Adapt what is encoded, and which layer each viewer gets, to what the viewers' links carry."""

import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from webrtc_bridge.media.bandwidth.layer_allocation import Bounds, LinkDemand, allocate, describe
from webrtc_bridge.media.frames import Codec, Encoding
from webrtc_bridge.peer.outbound_session import OutboundSession

SMALLEST_CHANGE = 0.05
'The part of a bit rate by which it must change to be applied.'

logger = logging.getLogger(__name__)


class Encoders(Protocol):
    """The encoders of one sender, of either engine."""

    def bounds(self) -> Mapping[Codec, Bounds]:
        """Return the bounds of each codec that is encoded; empty while nothing is."""

    def limit(self, rates: Mapping[Encoding, int]) -> None:
        """Encode these encodings with these bit rates (bit/s), and others with their highest."""


class Adaptation:
    """
    Set the encoders' bit rates, and each session's layer, to what `layer_allocation` decides.

    Belongs to the event loop.
    """

    def __init__(self, encoders: Encoders, sessions: Iterable[OutboundSession]) -> None:
        self._encoders = encoders
        self._sessions = sessions
        self._rates: Mapping[Encoding, int] = {}

    def update(self) -> None:
        """Recompute and apply bit rates and layers for the current sessions."""
        demands = {
            session: LinkDemand(session.encoding, session.link.rate)
            for session in self._sessions
            if session.encoding and not session.idle
        }
        allocation = allocate(demands, self._encoders.bounds())
        if differs(self._rates, allocation.rates):
            logger.debug('bit rates %s', allocation.rates)
            self._rates = allocation.rates
            self._encoders.limit(allocation.rates)
        for session, layer in allocation.layers.items():
            if layer is not demands[session].encoding.layer:
                logger.info('%s gets %s', session.peer_id, describe(layer, session.link.rate))
                session.change_layer(layer)


def differs(before: Mapping[Encoding, int], now: Mapping[Encoding, int]) -> bool:
    """Return whether bit rates differ by so much that they have to be applied."""
    return before.keys() != now.keys() or any(
        abs(rate - before[encoding]) > SMALLEST_CHANGE * before[encoding]
        for encoding, rate in now.items()
    )
