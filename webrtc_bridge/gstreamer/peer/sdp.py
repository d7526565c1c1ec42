"""Create, change and read webrtcbin's session descriptions."""

import re
from typing import Any

from webrtc_bridge.gstreamer.library import GstSdp, GstWebRTC
from webrtc_bridge.peer.negotiation import is_tcp

DYNAMIC = range(96, 128)
'Payload types without a fixed meaning (RFC 3551, section 6).'


def description(kind: str, sdp: str) -> Any:
    """Return the `offer` or `answer` `sdp` as GStreamer's own object; None if it is not SDP."""
    result, message = GstSdp.SDPMessage.new_from_text(sdp)
    if result != GstSdp.SDPResult.OK:
        return None
    types = {'offer': GstWebRTC.WebRTCSDPType.OFFER, 'answer': GstWebRTC.WebRTCSDPType.ANSWER}
    return GstWebRTC.WebRTCSessionDescription.new(types[kind], message)


def adapted(sdp: str) -> str:
    """
    Return webrtcbin's offer, asking for the viewer's estimate of its link, too.

    It asks for each packet's arrival alone, which not every viewer reports. Up to 1.22 it offers
    retransmissions for the first format alone.
    """
    either = re.sub(r'^(a=rtcp-fb:\d+ )transport-cc\r\n', r'\g<0>\1goog-remb\r\n', sdp, flags=re.M)
    return with_retransmission(either)


def with_retransmission(sdp: str) -> str:
    """Return an offer with a format for the lost packets of each format of video (RFC 4588)."""
    sections = re.split('^(?=m=)', sdp, flags=re.MULTILINE)
    return ''.join(_repaired(each) if each.startswith('m=video ') else each for each in sections)


def _repaired(section: str) -> str:
    first, _, rest = section.partition('\r\n')
    names = dict(re.findall(r'^a=rtpmap:(\d+) (\w+)', rest, re.MULTILINE))
    repaired = re.findall(r'^a=fmtp:\d+ apt=(\d+)', rest, re.MULTILINE)
    lacking = [n for n, name in names.items() if name.lower() != 'rtx' and n not in repaired]
    free = (number for number in DYNAMIC if str(number) not in names)
    for number, again in zip(lacking, free, strict=False):
        first += f' {again}'
        rest += f'a=rtpmap:{again} rtx/90000\r\na=fmtp:{again} apt={number}\r\n'
    return f'{first}\r\n{rest}'


def mids(sdp: str) -> list[str]:
    """Return the identifications of the sections of `sdp`, in their order (RFC 5888)."""
    return [line[6:] for line in sdp.splitlines() if line.startswith('a=mid:')]


def without_tcp(sdp: str) -> str:
    """Return `sdp` without candidates that are reached by TCP: no viewer speaks it."""
    return ''.join(line for line in sdp.splitlines(keepends=True) if not is_tcp(line))
