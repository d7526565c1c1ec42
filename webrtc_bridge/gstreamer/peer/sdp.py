"""Create, change and read webrtcbin's session descriptions."""

import asyncio
import re
from typing import Any

from webrtc_bridge.errors import SessionError, printable
from webrtc_bridge.gstreamer.library import Element, Gst, GstSdp, GstWebRTC, in_thread, post
from webrtc_bridge.peer.negotiation import is_tcp
from webrtc_bridge.program.cancellation import within

PROMISE_TIMEOUT = 5.0

DYNAMIC = range(96, 128)
'Payload types without a fixed meaning (RFC 3551, section 6).'


async def ask(
    peer_id: str, webrtc: Element, action: str, argument: Any, *, describe: bool = False
) -> str:
    """
    Let `webrtc` do `action`; return the offer that it replies with (SDP) if it is to `describe`.

    Raises: SessionError.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[str, str]] = loop.create_future()

    def settle(result: tuple[str, str]) -> None:
        if not done.done():
            done.set_result(result)

    def on_reply(promise: Any, *_: object) -> None:
        post(loop, settle, reply_of(promise, describe))

    promise = Gst.Promise.new_with_change_func(on_reply)
    try:
        # It can block for as long as webrtcbin's own thread is busy.
        await in_thread(lambda: webrtc.emit(action, argument, promise), PROMISE_TIMEOUT)
        sdp, error = await within(done, PROMISE_TIMEOUT)
    except TimeoutError:
        raise SessionError(peer_id, f'{action}: no answer from GStreamer') from None
    if error:
        raise SessionError(peer_id, f'{action}: {printable(error, 200)}')
    return sdp


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


def description(kind: str, sdp: str) -> Any:
    """Return the `offer` or `answer` `sdp` as GStreamer's own object; None if it is not SDP."""
    result, message = GstSdp.SDPMessage.new_from_text(sdp)
    if result != GstSdp.SDPResult.OK:
        return None
    types = {'offer': GstWebRTC.WebRTCSDPType.OFFER, 'answer': GstWebRTC.WebRTCSDPType.ANSWER}
    return GstWebRTC.WebRTCSessionDescription.new(types[kind], message)


def adapted(sdp: str) -> str:
    """
    Return webrtcbin's offer, asking for the viewer's estimate of its link.

    It would ask for each packet's arrival, and GStreamer has nothing built in that makes a bit
    rate of that. Up to 1.22 it offers retransmissions for the first format alone.
    """
    return with_retransmission(sdp.replace('transport-cc\r\n', 'goog-remb\r\n'))


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
