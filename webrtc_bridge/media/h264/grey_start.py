"""A grey keyframe for a stream of H.264 that has none (ITU-T H.264, clause 7.3)."""

from webrtc_bridge.media.h264.units import SLICE, START_CODE, kind
from webrtc_bridge.media.h264.video_signal import with_emulation_prevention
from webrtc_bridge.media.h264.video_size import Bits

MACROBLOCK = '00100111'
"""
mb_type I_16x16_2_0_0, which is predicted from nothing or from grey, and nothing else:
intra_chroma_pred_mode, mb_qp_delta and the one coeff_token, all 0 (7.3.5, tables 7-11 and 9-5).
"""

BASELINE = (66, 77, 88)
"Values of profile_idc; the others' sets have more fields, and this is for what passes."

LONGEST_HEADER = 24
"Bytes of a slice that hold its header's start, up to frame_num: 15 at most, and one for its type."

MOST_MACROBLOCKS = 139_264
'Of a picture of the highest level (table A-1).'


class GreyStart:
    """
    Let a decoder start in the middle of a stream with the parameter sets `sequence` and `picture`.

    It gets the IDR picture `keyframe`, all of it grey, and the frames behind it as if they were
    the next ones: decoders other than FFmpeg's show nothing before an IDR picture, and nothing
    after a gap. With intra refresh the grey is gone after one refresh period.

    Raises: ValueError, for sets that are broken or not of the baseline profile.
    """

    def __init__(self, sequence: bytes, picture: bytes) -> None:
        macroblocks, order_bits, self._number_bits = _read_sequence(Bits(sequence))
        header = _number(0) + _number(7)  # first_mb_in_slice; slice_type I, and so are all
        header += _rest_of_header(Bits(picture), self._number_bits, order_bits)
        bits = header + macroblocks * MACROBLOCK + '1'
        self.keyframe = b'\0' + START_CODE + b'\x65' + _payload(bits + '0' * (-len(bits) % 8))
        self._first: int | None = None

    def following(self, units: list[bytes]) -> bytes:
        """Return the access unit of `units`, the next in the stream, with its new number."""
        renumbered = (self._renumbered(unit) if kind(unit) == SLICE else unit for unit in units)
        return b''.join(b'\0' + START_CODE + unit for unit in renumbered)

    def _renumbered(self, unit: bytes) -> bytes:
        """Return a slice whose frame_num follows that of the keyframe, which is 0."""
        end = LONGEST_HEADER
        while end < len(unit) and unit[end - 1] == 0:
            end += 1  # what prevents the emulation of start codes depends on the bytes before
        bits = Bits(unit[:end])
        length = bits.left
        text = f'{bits.rest():0{length}b}'
        for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
            bits.number()
        start = length - bits.left
        number = bits.take(self._number_bits)
        if self._first is None:
            self._first = number
        number = (number - self._first + 1) % (1 << self._number_bits)
        text = text[:start] + f'{number:0{self._number_bits}b}' + text[length - bits.left :]
        return unit[:1] + _payload(text) + unit[end:]


def _read_sequence(bits: Bits) -> tuple[int, int, int]:
    """Return the number of macroblocks, and the bits of a picture order count and a number."""
    profile = bits.take(24) >> 16
    if profile not in BASELINE:
        raise ValueError('not of the baseline profile')
    bits.number()  # seq_parameter_set_id
    frame_number_bits = bits.number() + 4
    order_bits = 0
    match bits.number():  # pic_order_cnt_type
        case 0:
            order_bits = bits.number() + 4
        case 1:
            raise ValueError('its order of pictures is not supported')
    bits.number()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    macroblocks = (bits.number() + 1) * (bits.number() + 1)
    if macroblocks > MOST_MACROBLOCKS:
        raise ValueError('too large')
    if not bits.take(1):  # frame_mbs_only_flag
        raise ValueError('interlaced')
    return macroblocks, order_bits, frame_number_bits


def _rest_of_header(bits: Bits, frame_number_bits: int, order_bits: int) -> str:
    """Return the slice header from pic_parameter_set_id on, as the picture's set `bits` says."""
    identifier = bits.number()
    bits.number()  # seq_parameter_set_id
    if bits.take(1):  # entropy_coding_mode_flag
        raise ValueError('CABAC')
    has_bottom = bits.take(1)  # bottom_field_pic_order_in_frame_present_flag
    if bits.number():  # num_slice_groups_minus1
        raise ValueError('slice groups')
    bits.number()  # num_ref_idx_l0_default_active_minus1
    bits.number()  # num_ref_idx_l1_default_active_minus1
    bits.take(3)  # weighted_pred_flag, weighted_bipred_idc
    bits.signed_number()  # pic_init_qp_minus26
    bits.signed_number()  # pic_init_qs_minus26
    bits.signed_number()  # chroma_qp_index_offset
    has_deblocking = bits.take(1)  # deblocking_filter_control_present_flag
    bits.take(1)  # constrained_intra_pred_flag
    has_redundant = bits.take(1)  # redundant_pic_cnt_present_flag
    header = _number(identifier) + frame_number_bits * '0'
    header += _number(0)  # idr_pic_id
    header += order_bits * '0'
    header += '1' if order_bits and has_bottom else ''  # delta_pic_order_cnt_bottom
    header += _number(0) if has_redundant else ''
    header += '00'  # no_output_of_prior_pics_flag, long_term_reference_flag
    header += '1'  # slice_qp_delta
    return header + (_number(1) if has_deblocking else '')  # disable_deblocking_filter_idc


def _payload(bits: str) -> bytes:
    """Return the payload of a NAL unit of `bits`, whose number is a multiple of 8."""
    return with_emulation_prevention(int(bits, 2).to_bytes(len(bits) // 8, 'big'))


def _number(value: int) -> str:
    """Return the Exp-Golomb code ue(v) of `value` (clause 9.1)."""
    code = f'{value + 1:b}'
    return '0' * (len(code) - 1) + code
