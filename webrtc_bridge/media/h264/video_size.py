"""Read the picture size of a stream from a keyframe, without decoding it."""

from itertools import islice

from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.h264.units import SPS, kind, nal_units

WITH_CHROMA_FORMAT = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
'Values of profile_idc whose SPS has chroma_format_idc and scaling lists.'

CROP_UNITS = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
'Horizontal and vertical units of cropping, in pixels, for each chroma_format_idc.'

MOST_UNITS, LONGEST = 32, 64
"""
NAL units of a frame in which its SPS is looked for, and bytes of it that are read. To read a
number takes time in proportion to all that follows it.
"""

MOST_ZEROS = 32
'Before the 1 of an Exp-Golomb code: no number in an SPS has more than 32 bits.'


def video_size(frame: EncodedFrame) -> tuple[int, int] | None:
    """Return the width and height of `frame`; None if it is not a keyframe, or broken."""
    try:
        if frame.codec is Codec.VP8:
            return _vp8_size(frame.data)
        units = islice(nal_units(frame.data), MOST_UNITS)
        sps = next((unit for unit in units if kind(unit) == SPS), None)
        return read_size(Bits(sps[:LONGEST])) if sps else None
    except ValueError:
        return None


def _vp8_size(data: bytes) -> tuple[int, int] | None:
    """Read the frame header of a keyframe (RFC 6386 section 9.1)."""
    if len(data) < 10 or data[0] & 1 or data[3:6] != b'\x9d\x01\x2a':
        return None
    width, height = (int.from_bytes(data[i : i + 2], 'little') & 0x3FFF for i in (6, 8))
    return width, height


def read_size(bits: 'Bits') -> tuple[int, int]:
    """
    Read an SPS (ITU-T H.264 section 7.3.2.1.1) as far as the cropping.

    Raises: ValueError, if it ends before.
    """
    profile = bits.take(24) >> 16  # then constraint flags and the level
    bits.number()  # seq_parameter_set_id
    chroma_format = _read_chroma_format(bits) if profile in WITH_CHROMA_FORMAT else 1
    bits.number()  # log2_max_frame_num_minus4
    _skip_picture_order(bits)
    bits.number()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    width, height = 16 * (bits.number() + 1), 16 * (bits.number() + 1)
    fields = 1 if bits.take(1) else 2  # frame_mbs_only_flag
    bits.take(1 if fields == 1 else 2)  # mb_adaptive_frame_field_flag, direct_8x8_inference_flag
    crop = [bits.number() for _ in range(4)] if bits.take(1) else [0, 0, 0, 0]
    across, down = CROP_UNITS[chroma_format]
    left, right, top, bottom = crop
    return width - across * (left + right), fields * (height - down * (top + bottom))


def _read_chroma_format(bits: 'Bits') -> int:
    chroma_format = bits.number()
    if chroma_format not in CROP_UNITS:
        raise ValueError('no such chroma_format_idc')
    separate_planes = chroma_format == 3 and bits.take(1)
    bits.number()  # bit_depth_luma_minus8
    bits.number()  # bit_depth_chroma_minus8
    bits.take(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.take(1):  # seq_scaling_matrix_present_flag
        for i in range(12 if chroma_format == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if i < 6 else 64)
    return 0 if separate_planes else chroma_format


def _skip_scaling_list(bits: 'Bits', size: int) -> None:
    """Skip a scaling list (ITU-T H.264 section 7.3.2.1.1.1)."""
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_number()) % 256
        last = following or last


def _skip_picture_order(bits: 'Bits') -> None:
    order_type = bits.number()  # pic_order_cnt_type
    if order_type == 0:
        bits.number()
    elif order_type == 1:
        bits.take(1)
        bits.number()
        bits.number()
        for _ in range(min(bits.number(), 255)):
            bits.number()


class Bits:
    """Read the bits of NAL `unit` from behind its first byte; raise ValueError at the end."""

    def __init__(self, unit: bytes) -> None:
        # Without emulation prevention bytes (section 7.4.1).
        data = unit[1:].replace(b'\0\0\3', b'\0\0')
        self._bits = int.from_bytes(data, 'big')
        self._left = 8 * len(data)

    @property
    def left(self) -> int:
        """The number of bits that were not taken yet."""
        return self._left

    def rest(self) -> int:
        """Return all bits that were not taken yet as a number, and take none."""
        return self._bits & ((1 << self._left) - 1)

    def take(self, count: int) -> int:
        """Return the next `count` bits as a number."""
        if count > self._left:
            raise ValueError('ended')
        self._left -= count
        return self._bits >> self._left & ((1 << count) - 1)

    def number(self) -> int:
        """Return the next Exp-Golomb code, ue(v) (ITU-T H.264 section 9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > MOST_ZEROS:
                raise ValueError('too long a number')
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_number(self) -> int:
        """Return the next signed Exp-Golomb code, se(v)."""
        code = self.number()
        return (code + 1) // 2 if code % 2 else -(code // 2)
