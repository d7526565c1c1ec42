"""The formats of RTP that are offered, and the one that a viewer takes. Without gi."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from webrtc_bridge.media.codec.profile_choice import HIGH_PROFILES
from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.rtp.transport_feedback import TRANSPORT_NUMBER

SENT = 'application/x-rtp,media=video,encoding-name={codec},clock-rate=90000,payload={number}'
H264 = ',packetization-mode=(string)1,level-asymmetry-allowed=(string)1'
NUMBERED = f',extmap-3=(string)"{TRANSPORT_NUMBER}"'
"The payloader leaves room for the transport's number, which the RTP session writes."

PAYLOADERS = {
    Codec.H264: 'rtph264pay aggregate-mode=zero-latency',
    # Numbered pictures tell a receiver whether one was lost (RFC 7741, section 4.2).
    Codec.VP8: 'rtpvp8pay picture-id-mode=15-bit',
}


class Format(NamedTuple):
    """
    A payload type of RTP; `profile` is H.264's `profile-level-id` (RFC 6184, section 8.1).

    Where `is_numbered`, its packets carry numbers of the transport, whose arrival is reported.
    """

    number: int
    codec: Codec
    profile: str = ''
    is_numbered: bool = True

    @property
    def accepts_high(self) -> bool:
        """Whether a viewer that takes it can show H.264 of the High profile."""
        return self.profile in HIGH_PROFILES

    @property
    def payloader(self) -> str:
        """The description of the element that makes its packets."""
        return f'{PAYLOADERS[self.codec]} pt={self.number} mtu=1200'

    def packets(self, ssrc: int) -> str:
        """
        Return the caps of its packets, without a profile.

        With one, rtph264pay would take nothing above its level.
        """
        # The SSRC is known in advance, or the offer would not tell whose retransmissions are whose
        # (RFC 5576, section 4.2), and no viewer could use them.
        known = SENT.format(codec=self.codec.value, number=self.number) + f',ssrc=(uint){ssrc}'
        if self.is_numbered:
            known += NUMBERED
        return known + H264 if self.codec is Codec.H264 else known

    def offered(self, ssrc: int) -> str:
        """Return the caps with which it is offered."""
        profile = f',profile-level-id=(string){self.profile}' if self.profile else ''
        return self.packets(ssrc) + profile


CONSTRAINED_BASELINE = '42e01f'
"""
The profile that every browser with H.264, and aiortc, takes. Viewers look at the profile and not
at the level.
"""

PROFILES = (*HIGH_PROFILES, CONSTRAINED_BASELINE)
FORMATS = (
    *(Format(number, Codec.H264, profile) for number, profile in enumerate(PROFILES, start=96)),
    Format(96 + len(PROFILES), Codec.VP8),
)
'All that may be offered, best first.'


def formats_of(codecs: Collection[Codec]) -> tuple[Format, ...]:
    """Return the formats to offer of `codecs`."""
    return tuple(each for each in FORMATS if each.codec in codecs)


def taken(answer: str, offered: Iterable[Format]) -> Format | None:
    """
    Return the one of the `offered` formats that `answer` (SDP) prefers; None if it has none.

    It is numbered if the answer says that arrivals are reported.
    """
    lines = [line.strip().upper() for line in answer.splitlines()]
    known = {str(each.number): each for each in offered}
    video = next((line.split() for line in lines if line.startswith('M=VIDEO ')), [])
    numbers = video[3:] if '0' not in video[1:2] else []
    for each in (known[number] for number in numbers if number in known):
        if f'A=RTPMAP:{each.number} {each.codec.value}/90000' in lines:
            return each._replace(is_numbered=reports_arrivals(lines, each.number))
    return None


def reports_arrivals(lines: Collection[str], number: int) -> bool:
    """Return whether an answer in capital letters takes the numbers, and feedback on them."""
    extension = any(
        line.startswith('A=EXTMAP:') and line.endswith(f' {TRANSPORT_NUMBER.upper()}')
        for line in lines
    )
    feedback = any(f'A=RTCP-FB:{each} TRANSPORT-CC' in lines for each in (number, '*'))
    return extension and feedback
