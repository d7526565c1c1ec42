"""aiortc as it is: ROLE URL ID CODEC [PARAMETER…]."""

import asyncio
import contextlib
import sys

import numpy as np
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from av import VideoFrame
from pictures import Seen, colours, report
from signaling import join

BARS = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1)]
WIDTH, HEIGHT, LEVEL = 640, 480, 255


class Film(VideoStreamTrack):
    """GStreamer's bars, and a block that moves."""

    def __init__(self):
        super().__init__()
        self._picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        edges = [round(WIDTH * index / len(BARS)) for index in range(len(BARS) + 1)]
        for left, right, colour in zip(edges[:-1], edges[1:], BARS, strict=True):
            self._picture[: HEIGHT * 2 // 3, left:right] = np.array(colour) * LEVEL

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        picture = self._picture.copy()
        left = pts // 750 % (WIDTH - HEIGHT // 6)
        picture[HEIGHT * 3 // 4 : HEIGHT * 11 // 12, left : left + HEIGHT // 6] = LEVEL
        frame = VideoFrame.from_ndarray(picture, format='rgb24').reformat(format='yuv420p')
        frame.pts, frame.time_base = pts, time_base
        return frame


class Peer:
    """One connection."""

    def __init__(self, codec, _on_candidate):
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on('connectionstatechange', self._on_state)
        self._connection.on('track', self._on_track)
        codecs = RTCRtpSender.getCapabilities('video').codecs
        self._codecs = [one for one in codecs if one.mimeType in (f'video/{codec}', 'video/rtx')]
        self._watching = None
        self._seen = Seen()

    async def offer(self):
        self._connection.addTransceiver(Film(), 'sendonly')
        return await self._describe(self._connection.createOffer)

    async def answer(self, sdp):
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, 'offer'))
        return await self._describe(self._connection.createAnswer)

    async def accept(self, sdp):
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, 'answer'))

    async def candidate(self, candidate):
        parsed = candidate_from_sdp(candidate['candidate'].removeprefix('candidate:'))
        parsed.sdpMid, parsed.sdpMLineIndex = candidate['sdpMid'], candidate['sdpMLineIndex']
        await self._connection.addIceCandidate(parsed)

    async def close(self):
        await self._connection.close()

    async def _describe(self, create):
        for transceiver in self._connection.getTransceivers():
            transceiver.setCodecPreferences(self._codecs)
        await self._connection.setLocalDescription(await create())
        return self._connection.localDescription.sdp

    def _on_state(self):
        report('state', self._connection.connectionState)

    def _on_track(self, track):
        self._watching = asyncio.ensure_future(self._watch(track))

    async def _watch(self, track):
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                self._seen.add(lambda frame=frame: colours(frame))


if __name__ == '__main__':
    role, url, sender_id, codec, *_ = sys.argv[1:]
    asyncio.run(join(role, url, sender_id, lambda candidate: Peer(codec, candidate)))
