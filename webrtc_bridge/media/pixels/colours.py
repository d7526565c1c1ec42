"""The colours of pictures: what their luma and chroma stand for, in the numbers of ITU-T H.273."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    # The GStreamer sender has colours, too, and needs no PyAV.
    import av

BT709, UNSPECIFIED, FCC, BT470BG, SMPTE170M, SMPTE240M, BT2020 = 1, 2, 4, 5, 6, 7, 9
'Values of MatrixCoefficients (table 4); those of 5 and 6, BT.601, are equal.'

BT2020_CONSTANT = 10
'BT.2020 with constant luminance, which FFmpeg shows like the usual one.'

WEIGHTS = {
    BT709: (0.2126, 0.0722),
    FCC: (0.30, 0.11),
    BT470BG: (0.299, 0.114),
    SMPTE170M: (0.299, 0.114),
    SMPTE240M: (0.212, 0.087),
    BT2020: (0.2627, 0.0593),
}
'The parts of red and of blue in luma for each matrix (table 4).'

LIMITED, FULL = 1, 2
"FFmpeg's ranges: luma of 16 to 235, or of 0 to 255."

BT709_PRIMARIES = BT709_TRANSFER = 1

USUAL = {BT2020: (9, 14), SMPTE240M: (7, 7)}
"""
ColourPrimaries and TransferCharacteristics (tables 2 and 3) of pictures that name only a matrix.

All others get those of BT.709, which has the primaries of sRGB: so cameras do it with BT.601, too
(UVC 1.5, 3.9.2.6), and so browsers treat what names none.
"""

SD_LINES = 576
'Pictures without a matrix are BT.709 if they have more lines, as for ffplay and GStreamer.'


class Colours(NamedTuple):
    """The colours that the encoder of a picture declares, besides the range."""

    matrix: int
    primaries: int = BT709_PRIMARIES
    transfer: int = BT709_TRANSFER


SRGB_AS_BT601 = Colours(SMPTE170M)
'Red, green and blue are made into this.'


UNKNOWN = frozenset((0, UNSPECIFIED, 3))
'Primaries and transfer characteristics that are unspecified or reserved.'


def usual_matrix(height: int) -> int:
    """Return the matrix of pictures of `height` lines that name none."""
    return BT709 if height > SD_LINES else SMPTE170M


def colours_of(picture: 'av.VideoFrame', untagged: int | None = None) -> Colours:
    """
    Return the colours that `picture` names, with the usual ones in place of what it does not.

    `untagged` is the matrix of pictures that name none; None: that depends on their size.
    """
    matrix = picture.colorspace
    if matrix == BT2020_CONSTANT:
        matrix = BT2020
    elif matrix not in WEIGHTS:
        matrix = untagged or usual_matrix(picture.height)
    return completed(Colours(matrix, picture.color_primaries, picture.color_trc))


def completed(colours: Colours) -> Colours:
    """Return `colours` with the usual primaries and transfer in place of unknown ones."""
    matrix, primaries, transfer = colours
    if primaries in UNKNOWN or transfer in UNKNOWN:
        usual = USUAL.get(matrix, (BT709_PRIMARIES, BT709_TRANSFER))
        primaries = usual[0] if primaries in UNKNOWN else primaries
        transfer = usual[1] if transfer in UNKNOWN else transfer
    return Colours(matrix, primaries, transfer)


def declare(picture: 'av.VideoFrame', colours: Colours) -> None:
    """Let `picture` declare `colours` in the limited range."""
    picture.colorspace, picture.color_primaries, picture.color_trc = colours
    picture.color_range = LIMITED
