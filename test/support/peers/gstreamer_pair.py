"""A session of GStreamer's and a receiving one of ours in one process, wired without a server."""

import asyncio
import contextlib

from webrtc_bridge.gstreamer.capture.encoders import KINDS
from webrtc_bridge.gstreamer.capture.source import describe
from webrtc_bridge.gstreamer.peer.peer import GStreamerPeer
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
from webrtc_bridge.options import GStreamerOptions
from webrtc_bridge.peer.aiortc.inbound_session import InboundSession
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.outbound_session import OutboundSession


@contextlib.asynccontextmanager
async def pipeline_of(source):
    """Yield a pipeline for the pictures of `source`."""
    pipeline = GStreamerPipeline(
        describe(GStreamerOptions(source=source)), 100_000, 0, lambda: None
    )
    await pipeline.start(KINDS['x264enc'])
    try:
        yield pipeline
    finally:
        await pipeline.close()


class GStreamerPair:
    """A session of `pipeline` and a receiving one, and the frames that arrived."""

    def __init__(self, pipeline):
        self.frames = []
        self.outbound = OutboundSession(
            'viewer',
            's1',
            lambda message: self.inbound.receive(message),
            lambda listener: GStreamerPeer('viewer', (), listener, pipeline),
        )
        self.inbound = InboundSession(
            'front', 's1', IceOptions(), self.outbound.receive, self.frames.append
        )
        self._running = [asyncio.ensure_future(s.run()) for s in (self.outbound, self.inbound)]

    async def close(self):
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@contextlib.asynccontextmanager
async def pair_of(source):
    """Yield a pair for the pictures of `source`, and their pipeline."""
    async with pipeline_of(source) as pipeline:
        pair = GStreamerPair(pipeline)
        try:
            yield pair, pipeline
        finally:
            await pair.close()
