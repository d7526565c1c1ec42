"""Read and write what an SPS says of the colours: its video signal type (ITU-T H.264, annex E)."""

from collections.abc import Callable
from typing import NamedTuple

from webrtc_bridge.media.h264.units import SPS, START_CODE, kind, nal_units
from webrtc_bridge.media.h264.video_size import Bits, read_size

UNSPECIFIED = 2
'Of primaries, transfer characteristics and matrix (tables E-3 to E-5).'

UNSPECIFIED_FORMAT = '101'
'video_format (table E-2).'

EXTENDED_SAR = 255
'aspect_ratio_idc (table E-1) that is followed by 32 bits.'

LONGEST = 512
'Bytes of an SPS that is looked at; usual ones have 20 to 60.'


class VideoSignal(NamedTuple):
    """The range, and primaries, transfer characteristics and matrix (tables E-3 to E-5)."""

    full_range: bool = False
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED


def video_signal(sps: bytes) -> VideoSignal:
    """
    Return the video signal type of the NAL unit `sps`.

    Raises: ValueError, if it is broken.
    """
    return _Place(sps).signal


def with_video_signal(sps: bytes, signal: VideoSignal) -> bytes:
    """
    Return the NAL unit `sps` with another video signal type.

    Raises: ValueError, if it is broken.
    """
    place = _Place(sps)
    described = ''.join(f'{value:08b}' for value in signal[1:])
    written = f'1{UNSPECIFIED_FORMAT}{signal.full_range:b}1{described}'
    if place.has_vui:
        bits = place.bits[: place.start] + written + place.bits[place.end :]
    else:
        # Aspect ratio and overscan are absent, and so are chroma location, timing, both HRD,
        # picture structure and bitstream restriction behind it.
        bits = (
            place.bits[: place.start] + '1' + '00' + written + '000000' + place.bits[place.end :]
        )
    bits = bits[: bits.rindex('1') + 1]  # rbsp_stop_one_bit
    bits += '0' * (-len(bits) % 8)
    rbsp = int(bits, 2).to_bytes(len(bits) // 8, 'big')
    return sps[:1] + with_emulation_prevention(rbsp)


def declaring(data: bytes, signal_for: Callable[[int], VideoSignal | None]) -> bytes:
    """
    Return the access unit `data`, in which each SPS without a matrix declares its colours.

    `signal_for` returns them for a height in pixels; None leaves the SPS as it is. A full range
    that is declared already stays so.
    """
    units = list(nal_units(data))
    whole = [_declaring(unit, signal_for) if kind(unit) == SPS else unit for unit in units]
    if whole == units:
        return data
    return b''.join(b'\0' + START_CODE + unit for unit in whole)


def _declaring(sps: bytes, signal_for: Callable[[int], VideoSignal | None]) -> bytes:
    try:
        found = video_signal(sps)
        signal = signal_for(read_size(Bits(sps))[1]) if found.matrix == UNSPECIFIED else None
        if signal is None:
            return sps
        full_range = signal.full_range or found.full_range
        return with_video_signal(sps, signal._replace(full_range=full_range))
    except ValueError:
        return sps


class _Place:
    """The bits of an SPS, and the part, `start` to `end`, that is its video signal type."""

    def __init__(self, sps: bytes) -> None:
        if len(sps) > LONGEST:
            raise ValueError('too long')
        bits = Bits(sps)
        length = bits.left
        self.bits = f'{bits.rest():0{length}b}'
        read_size(bits)
        self.signal = VideoSignal()
        self.start = length - bits.left
        self.has_vui = bool(bits.take(1))  # vui_parameters_present_flag
        if self.has_vui:
            if bits.take(1) and bits.take(8) == EXTENDED_SAR:
                bits.take(32)
            if bits.take(1):  # overscan_info_present_flag
                bits.take(1)
            self.start = length - bits.left
            if bits.take(1):  # video_signal_type_present_flag
                bits.take(3)
                self.signal = _read_signal(bits)
        self.end = length - bits.left


def _read_signal(bits: Bits) -> VideoSignal:
    full_range = bool(bits.take(1))
    if not bits.take(1):  # colour_description_present_flag
        return VideoSignal(full_range)
    return VideoSignal(full_range, bits.take(8), bits.take(8), bits.take(8))


def with_emulation_prevention(rbsp: bytes) -> bytes:
    """Return the bytes of a NAL unit with `rbsp` as payload (ITU-T H.264 section 7.4.1)."""
    result = bytearray()
    for byte in rbsp:
        if byte <= 3 and result[-2:] == b'\0\0':
            result.append(3)
        result.append(byte)
    return bytes(result)
