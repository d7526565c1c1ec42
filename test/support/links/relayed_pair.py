"""Sessions at both ends in one process, whose media goes through a relay."""

import dataclasses

from support.links.udp_relay import Side, UdpRelay
from support.peers.session_pair import SessionPair

from webrtc_bridge.media.frames import Codec
from webrtc_bridge.signaling.protocol.messages import Answer, Candidate, Message, Offer


class RelayedPair(SessionPair):
    """A pair of sessions; `relay` is between them."""

    def __init__(self, broadcast, codecs=(Codec.H264, Codec.VP8)) -> None:  # type: ignore[no-untyped-def]
        self.relay = UdpRelay()
        super().__init__(broadcast, codecs)

    def to_inbound(self, message: Message) -> None:
        super().to_inbound(self._rewritten(message, Side.SENDER))

    def to_outbound(self, message: Message) -> None:
        super().to_outbound(self._rewritten(message, Side.RECEIVER))

    async def close(self) -> None:
        await super().close()
        self.relay.close()

    def _rewritten(self, message: Message, side: Side) -> Message:
        if isinstance(message, Offer | Answer):
            return dataclasses.replace(message, sdp=self.relay.rewrite_sdp(message.sdp, side))
        if isinstance(message, Candidate) and message.candidate:
            line = self.relay.rewrite_candidate(message.candidate.line, side)
            candidate = dataclasses.replace(message.candidate, line=line)
            return dataclasses.replace(message, candidate=candidate)
        return message
