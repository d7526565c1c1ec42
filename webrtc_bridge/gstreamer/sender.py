"""A source, its pipeline, and the sessions of its viewers."""

import asyncio

from webrtc_bridge.gstreamer.capture.encoders import choose_encoder
from webrtc_bridge.gstreamer.capture.source import describe
from webrtc_bridge.gstreamer.library import in_thread, warm_up
from webrtc_bridge.gstreamer.peer.peer import GStreamerPeer
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
from webrtc_bridge.options import GStreamerOptions, SenderOptions
from webrtc_bridge.peer.outbound_session import SendingPeerListener
from webrtc_bridge.program.cancellation import end, finish
from webrtc_bridge.sending.adaptation import Adaptation
from webrtc_bridge.sending.viewers import Viewers
from webrtc_bridge.signaling.protocol.messages import IceServer

ENCODERS_TIMEOUT = 30.0
'Seconds to try all encoders.'


class GStreamerSender:
    """
    Offer a source to every receiver that asks, all from one encode; `Sender`, with GStreamer.

    A viewer whose link does not carry the full size gets half of it, from a second encoder.
    Belongs to the event loop.

    Raises: OptionError for unusable options.
    """

    def __init__(self, options: SenderOptions, gstreamer: GStreamerOptions) -> None:
        self._encoder = gstreamer.encoder
        self._pipeline = GStreamerPipeline(
            describe(gstreamer),
            gstreamer.min_bitrate * 1000,
            gstreamer.bitrate * 1000,
            self._follow,
        )
        self._viewers = Viewers(options, self._make_peer, self._follow, self._follow)
        self._adaptation = Adaptation(self._pipeline, self._viewers)

    async def run(self) -> None:
        """
        Serve receivers until cancelled; then say bye to all of them.

        Raises: RequirementError where no encoder works, SourceError where the source delivers
        nothing at the start.
        """
        kind = await in_thread(lambda: choose_encoder(self._encoder), ENCODERS_TIMEOUT)
        warming_up = asyncio.ensure_future(in_thread(warm_up, ENCODERS_TIMEOUT))
        try:
            await self._pipeline.start(kind)
            await warming_up
            await self._viewers.run()
        finally:
            await end(warming_up)
            await finish(self._pipeline.close())

    def _follow(self) -> None:
        self._adaptation.update()

    def _make_peer(
        self, peer_id: str, ice_servers: tuple[IceServer, ...], listener: SendingPeerListener
    ) -> GStreamerPeer:
        return GStreamerPeer(peer_id, ice_servers, listener, self._pipeline)


async def run(options: SenderOptions, gstreamer: GStreamerOptions) -> None:
    """
    Serve the source to all receivers that ask, until cancelled.

    Raises: WebrtcBridgeError where that is not possible.
    """
    await GStreamerSender(options, gstreamer).run()
