"""webrtcbin's session descriptions, and what is changed and looked at in them."""

from typing import Any

from webrtc_bridge.gstreamer.library import Gst, GstSdp, GstWebRTC


def reply_of(promise: Any, describe: bool) -> tuple[str, str]:
    """Return the offer, as SDP, and the error of a promise that webrtcbin has answered."""
    if promise.wait() != Gst.PromiseResult.REPLIED:
        return '', 'interrupted'
    # The structure must outlive what is taken from it: gi does not copy that.
    reply = promise.get_reply()
    if reply is not None and reply.has_field('error'):
        return '', str(reply.get_value('error').message)
    if not describe:
        return '', ''
    offer = reply.get_value('offer')
    return str(offer.sdp.as_text()), ''


def description(kind: Any, sdp: str) -> Any:
    """Return `sdp` as GStreamer's own object; None if it cannot be parsed."""
    result, message = GstSdp.SDPMessage.new_from_text(sdp)
    if result != GstSdp.SDPResult.OK:
        return None
    return GstWebRTC.WebRTCSessionDescription.new(kind, message)


def adapted(sdp: str) -> str:
    """
    Return webrtcbin's offer with two changes.

    It asks for the viewer's estimate of its link, not for each packet's arrival: GStreamer has
    nothing built in that makes a bit rate of those. And it takes the client's part in DTLS:
    aiortc, as a client, takes no server with an RSA certificate, which GStreamer's is.
    """
    sdp = sdp.replace('transport-cc\r\n', 'goog-remb\r\n')
    return sdp.replace('a=setup:actpass\r\n', 'a=setup:active\r\n')


def is_tcp(line: str) -> bool:
    """Say whether a line of SDP is a candidate that is reached by TCP (RFC 6544)."""
    return 'candidate:' in line and ' tcptype ' in line.lower()


def takes_h264(sdp: str) -> bool:
    """Say whether an answer takes the video that was offered."""
    lines = sdp.splitlines()
    accepted = any(
        line.startswith('m=video ') and not line.startswith('m=video 0 ') for line in lines
    )
    return accepted and any(line.startswith('a=rtpmap:') and ' H264/' in line for line in lines)
