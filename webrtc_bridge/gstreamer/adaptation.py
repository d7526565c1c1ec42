"""Lets what a GStreamer pipeline encodes follow what the viewers' links carry. Without gi."""

import logging
from collections.abc import Hashable, Iterable
from typing import Protocol

from webrtc_bridge.media.bandwidth.estimator import BandwidthEstimator
from webrtc_bridge.media.bandwidth.layer_allocation import (
    SMALL_BELOW,
    Bounds,
    Viewer,
    allocate,
    describe,
)
from webrtc_bridge.media.frames import Codec, Encoding, Layer

LOWEST_BITRATE = 100_000
'Bits a second that a layer is encoded with at least.'

SMALLEST_CHANGE = 0.05
'Part of the bit rate by which it must change for the encoder to be told.'

CODEC = Codec.H264

logger = logging.getLogger(__name__)


class Layers(Protocol):
    """What is encoded: a `GStreamerPipeline`."""

    @property
    def layered(self) -> bool:
        """Whether there is a small layer to be had."""

    def set_bitrate(self, layer: Layer, bitrate: int) -> None:
        """Change an encoder's bit rate (bit/s)."""


class Watcher(Hashable, Protocol):
    """Who gets it: a `GStreamerSession`."""

    peer_id: str
    link: BandwidthEstimator

    @property
    def layer(self) -> Layer:
        """The layer that the viewer gets."""

    def change_layer(self, layer: Layer) -> None:
        """Let the viewer get `layer` from its next keyframe on."""


class GStreamerAdaptation:
    """
    Set the layers' bit rates, and each session's layer, to what `layer_allocation` decides.

    Belongs to the event loop.
    """

    def __init__(self, layers: Layers, sessions: Iterable[Watcher]) -> None:
        self._layers = layers
        self._sessions = sessions
        self._highest = 0
        self._bitrates: dict[Layer, int] = {}

    def begin(self, highest: int) -> None:
        """Follow anew: what is encoded gets `highest` bit/s now; 0: nothing is encoded."""
        self._highest = highest
        self._bitrates = dict.fromkeys(Layer, highest)
        self.follow()

    def follow(self) -> None:
        """Do what follows from the sessions that there are, and what is known of their links."""
        plan = allocate(
            {one: Viewer(Encoding(CODEC, one.layer), one.link.rate) for one in self._sessions},
            {CODEC: self._bounds()},
        )
        if self._highest:
            for layer in Layer:
                self._limit(layer, plan.rates.get(Encoding(CODEC, layer), self._highest))
        for session, layer in plan.layers.items():
            if layer is not session.layer:
                logger.info('%s gets %s', session.peer_id, describe(layer, session.link.rate))
                session.change_layer(layer)

    def _bounds(self) -> Bounds:
        if self._layers.layered:
            return Bounds(min(LOWEST_BITRATE, self._highest), self._highest)
        # Where there is no small layer, who cannot take half of the full one gets gaps.
        return Bounds(int(SMALL_BELOW * self._highest), self._highest, layered=False)

    def _limit(self, layer: Layer, bitrate: int) -> None:
        before = self._bitrates[layer]
        if abs(bitrate - before) > SMALLEST_CHANGE * before:
            logger.debug('%s: bit rate %d kbit/s', layer.value, bitrate // 1000)
            self._bitrates[layer] = bitrate
            self._layers.set_bitrate(layer, bitrate)
