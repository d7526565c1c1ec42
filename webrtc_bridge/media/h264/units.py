"""Read NAL units, profile and parameter sets of an H.264 byte stream (ITU-T H.264)."""

from collections.abc import Iterator

START_CODE = b'\0\0\1'

SLICE, IDR_SLICE, SPS, PPS, DELIMITER = 1, 5, 7, 8, 9
'Values of nal_unit_type (table 7-1).'

PROFILES = {
    66: 'Baseline',
    77: 'Main',
    88: 'Extended',
    100: 'High',
    110: 'High 10',
    122: 'High 4:2:2',
    244: 'High 4:4:4 Predictive',
}
'Names of profile_idc (annex A).'

CONSTRAINT_SET0, CONSTRAINT_SET1 = 0x80, 0x40

PATIENCE_NS = 2_000_000_000
"""
Nanoseconds without a keyframe, from the start of a stream on, after which it is taken for one that
has none, as with intra refresh. A decoder may then start anywhere: its picture is whole after one
refresh period.
"""


def nal_units(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of a byte stream, without start codes (annex B)."""
    start = data.find(START_CODE)
    while start >= 0:
        start += len(START_CODE)
        following = data.find(START_CODE, start)
        unit = data[start:] if following < 0 else data[start:following]
        # Zeros before a start code belong to it or are padding.
        unit = unit.rstrip(b'\0')
        if unit:
            yield unit
        start = following


def kind(unit: bytes) -> int:
    """Return the nal_unit_type of a NAL unit."""
    return unit[0] & 0x1F


class Profile:
    """The profile that a sequence parameter set declares (7.4.2.1.1)."""

    def __init__(self, parameter_set: bytes) -> None:
        self._number = parameter_set[1] if len(parameter_set) > 1 else 0
        self._constraints = parameter_set[2] if len(parameter_set) > 2 else 0

    def __str__(self) -> str:
        name = PROFILES.get(self._number, f'of profile {self._number}')
        is_constrained = self._number == 66 and self._constraints & CONSTRAINT_SET1
        return f'Constrained {name}' if is_constrained else name

    @property
    def is_baseline(self) -> bool:
        """
        Return whether Baseline decoders, which WebRTC peers agree on, can show the stream.

        They can if it conforms to annex A.2.1, which a Main or Extended stream declares.
        """
        return self._number == 66 or bool(
            self._number in (77, 88) and self._constraints & CONSTRAINT_SET0
        )


class ParameterSets:
    """
    The newest parameter sets of a stream, for its keyframes that come without them.

    A viewer that joins, or lost a packet, starts at a keyframe and needs them there; many sources
    send them only once.
    """

    def __init__(self) -> None:
        self._sequence = b''
        self._picture: dict[bytes, bytes] = {}

    @property
    def profile(self) -> Profile | None:
        """The profile of the stream; None before its first sequence parameter set."""
        return Profile(self._sequence) if self._sequence else None

    @property
    def first(self) -> tuple[bytes, bytes] | None:
        """The sequence parameter set, and one of the picture; None before there are both."""
        if not self._sequence or not self._picture:
            return None
        return self._sequence, next(iter(self._picture.values()))

    def note(self, units: list[bytes]) -> None:
        """Keep the parameter sets among `units`."""
        for unit in units:
            if kind(unit) == SPS:
                if unit != self._sequence:
                    self._picture.clear()
                self._sequence = unit
            elif kind(unit) == PPS:
                # It starts with its id; several may be in use.
                self._picture[unit[1:2]] = unit

    def before(self, data: bytes) -> bytes:
        """Return the access unit `data` with all parameter sets before it."""
        sets = (self._sequence, *self._picture.values())
        return b''.join(b'\0' + START_CODE + unit for unit in sets) + data

    def completed(self, data: bytes, units: list[bytes]) -> bytes:
        """Return the access unit `data`, of NAL `units`, with parameter sets if it is an IDR."""
        kinds = {kind(unit) for unit in units}
        if IDR_SLICE not in kinds or SPS in kinds:
            return data
        # An access unit delimiter comes first (7.4.1.2.3).
        first = [unit for unit in units if kind(unit) == DELIMITER]
        rest = [unit for unit in units if kind(unit) not in (DELIMITER, PPS)]
        whole = [*first, self._sequence, *self._picture.values(), *rest]
        return b''.join(b'\0' + START_CODE + unit for unit in whole)
