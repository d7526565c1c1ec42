"""Pixels that are not square: anamorphic video (sample aspect ratio)."""

from fractions import Fraction

TOLERANCE = 0.02
'Pixels that differ less from a square are taken for square.'

WIDEST = 4
'Pixels of a larger ratio are taken for square: nothing ever had them.'


def is_square(aspect: Fraction) -> bool:
    """Return whether pixels of this ratio of width to height are shown as squares."""
    ratio = float(aspect)
    return abs(ratio - 1) <= TOLERANCE or not 1 / WIDEST <= ratio <= WIDEST


def square_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return the even size, not smaller, that shows pixels of ratio `aspect` as squares."""
    if aspect > 1:
        return round(width * aspect / 2) * 2, height
    return width, round(height / aspect / 2) * 2
