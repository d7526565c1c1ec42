"""Allocate a layer to each viewer, and a bit rate to each encoding. No I/O, no clock."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from webrtc_bridge.media.frames import Codec, Encoding, Layer

SMALL_BELOW = 0.5
"""
Fraction of the highest bit rate below which a viewer is moved to the small layer, so also how far
the slowest viewer of the full layer may bring the others down.
"""

FULL_FROM = 0.75
"""
Fraction of the highest bit rate from which a viewer is moved back to the full layer. The distance
to `SMALL_BELOW` keeps a link on the edge from switching back and forth.
"""

V = TypeVar('V', bound=Hashable)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The lowest and highest bit rate (bit/s) of a codec, and whether it has two layers."""

    lowest: int
    highest: int
    layered: bool = True

    @property
    def small_below(self) -> float:
        """The bit rate below which a viewer is moved to the small layer; 0 if there is none."""
        below = SMALL_BELOW * self.highest
        return below if self.layered and self.lowest < below else 0.0


@dataclass(frozen=True, slots=True)
class LinkDemand:
    """The encoding that a viewer gets, and what its link allows (bit/s; None: no limit known)."""

    encoding: Encoding
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Allocation(Generic[V]):
    """The layer of each viewer and the limit of each encoding; without one, the highest rate."""

    layers: Mapping[V, Layer]
    rates: Mapping[Encoding, int]


def allocate(demands: Mapping[V, LinkDemand], bounds: Mapping[Codec, Bounds]) -> Allocation[V]:
    """
    Return what to encode for the viewers of `demands`: each layer as its slowest one needs it.

    A codec without bounds is not encoded here: its viewers get the full layer, as it comes.
    """
    layers: dict[V, Layer] = {}
    rates: dict[Encoding, int] = {}
    for viewer, demand in demands.items():
        codec = demand.encoding.codec
        if codec not in bounds:
            layers[viewer] = Layer.FULL
            continue
        layers[viewer] = layer = layer_for(demand, bounds[codec])
        if demand.rate is not None:
            encoding = Encoding(codec, layer)
            rate = allowed(demand.rate, layer, bounds[codec])
            rates[encoding] = min(rate, rates.get(encoding, rate))
    return Allocation(layers, rates)


def layer_for(demand: LinkDemand, bounds: Bounds) -> Layer:
    """Return the layer for a viewer of `demand`."""
    if not bounds.small_below or demand.rate is None:
        return Layer.FULL
    if demand.encoding.layer is Layer.FULL:
        return Layer.SMALL if demand.rate < bounds.small_below else Layer.FULL
    return Layer.FULL if demand.rate >= FULL_FROM * bounds.highest else Layer.SMALL


def allowed(rate: float, layer: Layer, bounds: Bounds) -> int:
    """Return the bit rate of `layer` for a link that allows `rate`."""
    if layer is Layer.SMALL:
        return int(min(max(rate, bounds.lowest), bounds.small_below))
    return int(min(max(rate, bounds.lowest, bounds.small_below), bounds.highest))


def describe(layer: Layer, rate: float | None) -> str:
    """Return a log text about the layer that a viewer gets from now on, and why."""
    carries = f'about {rate / 1000:.0f} kbit/s' if rate else 'more'
    return f'{layer.value}: its link carries {carries}'
