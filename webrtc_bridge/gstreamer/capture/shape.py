"""The shape in which video is to be seen: upright, in square pixels."""

from fractions import Fraction
from typing import NamedTuple

from webrtc_bridge.gstreamer.library import Gst, Pad, Structure
from webrtc_bridge.gstreamer.structures import first_structure
from webrtc_bridge.media.pixels.pixel_aspect import is_square, square_size

SQUARE = (
    'videoscale ! capsfilter caps="video/x-raw,width={},height={},'
    'pixel-aspect-ratio=(fraction)1/1"'
)


class Shape(NamedTuple):
    """The elements that bring raw video into its shape, perhaps none, and the size behind them."""

    elements: list[str]
    size: tuple[int, int]


def shape_of(pad: Pad) -> Shape:
    """Return the shape of the raw video of `pad`, once its first frame is there."""
    structure = first_structure(pad.get_current_caps())
    size = structure.get_int('width')[1], structure.get_int('height')[1]
    elements = []
    if not has_square_pixels(structure):
        size = square_size(*size, _pixel_aspect(structure))
        elements.append(SQUARE.format(*size))
    if turn := orientation(pad):
        elements.append('videoflip video-direction=auto')
        if turn.endswith(('90', '270')):
            size = size[1], size[0]
    return Shape(elements, size)


def is_in_shape(pad: Pad) -> bool:
    """Return whether H.264 of `pad` is upright and has square pixels, once a frame is there."""
    return has_square_pixels(first_structure(pad.get_current_caps())) and not orientation(pad)


def has_square_pixels(structure: Structure) -> bool:
    """Return whether the pixels are, or are to be taken for, square."""
    return is_square(_pixel_aspect(structure))


def _pixel_aspect(structure: Structure) -> Fraction:
    found, width, height = structure.get_fraction('pixel-aspect-ratio')
    return Fraction(width, height) if found and width > 0 and height > 0 else Fraction(1)


def orientation(pad: Pad) -> str:
    """Return what the tags of `pad` say of how to turn it, such as rotate-90; empty if nothing."""
    index = 0
    while event := pad.get_sticky_event(Gst.EventType.TAG, index):
        index += 1
        found, turn = event.parse_tag().get_string('image-orientation')
        if found:
            return '' if turn == 'rotate-0' else str(turn)
    return ''
