"""Send anything GStreamer can open over WebRTC, encoded by hardware where there is some."""

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING

from webrtc_bridge.options import GStreamerOptions, SenderOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.requirements import require

if TYPE_CHECKING:
    from webrtc_bridge.gstreamer.library import Element
    from webrtc_bridge.gstreamer.session import GStreamerSession
    from webrtc_bridge.sending.viewers import SendMessage
    from webrtc_bridge.signaling.protocol.messages import IceServer

ENCODERS_TIMEOUT = 30.0
'Seconds to try all encoders.'

JOIN_TIMEOUT = 0.4
"Seconds at the end for GStreamer's last threads; a driver that hangs ends with the process."

logger = logging.getLogger(__name__)


class GStreamerSender:
    """
    Offer a source to every receiver that asks, all from one encode; `Sender`, with GStreamer.

    A viewer whose link does not carry the full size gets half of it, from a second encoder.

    Belongs to the event loop.

    Raises: OptionError for unusable options, RequirementError where no encoder works.
    """

    def __init__(self, options: SenderOptions, gstreamer: GStreamerOptions) -> None:
        # Imported only now: `require_all` has something to say before.
        from webrtc_bridge.gstreamer.source import describe
        from webrtc_bridge.sending.viewers import Viewers

        self._options = gstreamer
        self._source = describe(gstreamer)
        self._viewers: Viewers[GStreamerSession] = Viewers(
            options, self._session, lambda: self._adaptation.follow()
        )

    async def run(self) -> None:
        """
        Serve receivers until cancelled; then say bye to all of them.

        Raises: SourceError where the source delivers nothing at the start.
        """
        from webrtc_bridge.gstreamer.adaptation import GStreamerAdaptation
        from webrtc_bridge.gstreamer.encoders import choose_encoder
        from webrtc_bridge.gstreamer.library import in_thread, warm_up
        from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline

        wanted = self._options.encoder
        kind = await in_thread(lambda: choose_encoder(wanted), ENCODERS_TIMEOUT)
        self._pipeline = GStreamerPipeline(
            self._source,
            kind,
            self._options.bitrate * 1000,
            lambda highest: self._adaptation.begin(highest),
            self._on_branch_error,
        )
        self._adaptation = GStreamerAdaptation(self._pipeline, self._viewers)
        warming_up = asyncio.ensure_future(in_thread(warm_up, ENCODERS_TIMEOUT))
        try:
            await self._pipeline.start()
            await warming_up
            await self._viewers.run()
        finally:
            warming_up.cancel()
            await asyncio.gather(warming_up, return_exceptions=True)
            await self._pipeline.close()

    def _session(
        self,
        peer_id: str,
        session_id: str,
        ice_servers: 'tuple[IceServer, ...]',
        send: 'SendMessage',
    ) -> 'GStreamerSession':
        from webrtc_bridge.gstreamer.session import GStreamerSession

        return GStreamerSession(
            peer_id, session_id, ice_servers, send, self._pipeline, self._adaptation.follow
        )

    def _on_branch_error(self, element: 'Element', reason: str) -> None:
        for session in self._viewers:
            if session.peer.owns(element):
                session.end(reason)


async def send(options: SenderOptions, gstreamer: GStreamerOptions) -> None:
    """
    Serve the source to all receivers that ask, until cancelled.

    Raises: WebrtcBridgeError where that is not possible.
    """
    await GStreamerSender(options, gstreamer).run()


def require_all() -> None:
    """
    Check the libraries; aiortc is not needed.

    Raises: RequirementError.
    """
    require('websockets')
    # Imported only now: it initialises GStreamer, where there is one.
    from webrtc_bridge.gstreamer.library import require_gstreamer

    require_gstreamer()


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    tables = (SenderOptions, GStreamerOptions)
    status = run_command('gstreamer_sender', __doc__, tables, require_all, send, arguments)
    from webrtc_bridge.gstreamer.library import join_threads

    if not join_threads(JOIN_TIMEOUT):
        logging.shutdown()
        os._exit(status)
    return status


if __name__ == '__main__':
    sys.exit(main())
