"""GStreamer's webrtcbin by the book: ROLE URL ID CODEC [PARAMETER…], as in film.py."""

import asyncio
import sys

import gi
import numpy as np
from film import elements
from pictures import Seen, report, sampled
from signaling import join

for name in ('Gst', 'GstSdp', 'GstVideo', 'GstWebRTC'):
    gi.require_version(name, '1.0')
from gi.repository import Gst, GstSdp, GstVideo, GstWebRTC  # noqa: E402

DECODERS = {'H264': 'rtph264depay ! h264parse ! openh264dec', 'VP8': 'rtpvp8depay ! vp8dec'}
SHOWN = 'queue ! {} ! videoconvert ! video/x-raw,format=RGB ! appsink name=shown sync=false'


class Peer:
    """One connection; GStreamer's threads end at `_post`."""

    def __init__(self, role, codec, parameters, on_candidate):
        self._loop = asyncio.get_running_loop()
        self._codec = codec
        self._on_candidate = on_candidate
        self._seen = Seen()
        if role == 'send':
            film = f'{elements(codec, parameters)} pt=96 ! {caps(codec)} ! '
            self._pipeline = Gst.parse_launch(film + 'webrtcbin name=webrtc bundle-policy=3')
            self._webrtc = self._pipeline.get_by_name('webrtc')
        else:
            self._pipeline = Gst.Pipeline()
            self._webrtc = Gst.ElementFactory.make('webrtcbin')
            self._webrtc.set_property('bundle-policy', 3)  # max-bundle
            self._pipeline.add(self._webrtc)
        self._negotiable = asyncio.Event()
        self._webrtc.connect('on-negotiation-needed', self._on_negotiation_needed)
        self._webrtc.connect('on-ice-candidate', self._on_ice_candidate)
        self._webrtc.connect('notify::connection-state', self._on_state)
        self._webrtc.connect('pad-added', self._on_pad)
        self._pipeline.set_state(Gst.State.PLAYING)

    async def offer(self):
        await self._negotiable.wait()
        return await self._describe('create-offer', 'offer')

    async def answer(self, sdp):
        await self._set('remote', GstWebRTC.WebRTCSDPType.OFFER, sdp)
        return await self._describe('create-answer', 'answer')

    async def accept(self, sdp):
        await self._set('remote', GstWebRTC.WebRTCSDPType.ANSWER, sdp)

    async def candidate(self, candidate):
        index = candidate.get('sdpMLineIndex') or 0
        self._webrtc.emit('add-ice-candidate', index, candidate['candidate'])

    async def close(self):
        await asyncio.to_thread(self._pipeline.set_state, Gst.State.NULL)

    async def _describe(self, signal, name):
        reply = await self._promised(signal, None)
        description = reply.get_value(name)
        text = description.sdp.as_text()
        await self._promised('set-local-description', description)
        return text

    async def _set(self, side, kind, sdp):
        _, parsed = GstSdp.SDPMessage.new_from_text(sdp)
        description = GstWebRTC.WebRTCSessionDescription.new(kind, parsed)
        await self._promised(f'set-{side}-description', description)

    async def _promised(self, signal, argument):
        done = self._loop.create_future()
        promise = Gst.Promise.new_with_change_func(
            lambda promise: self._post(done.set_result, promise.get_reply())
        )
        self._webrtc.emit(signal, argument, promise)
        return await done

    def _post(self, function, *arguments):
        self._loop.call_soon_threadsafe(function, *arguments)

    def _on_negotiation_needed(self, _):
        self._post(self._negotiable.set)

    def _on_ice_candidate(self, _, index, line):
        self._post(self._on_candidate, {'candidate': line, 'sdpMLineIndex': index})

    def _on_state(self, webrtc, _):
        state = webrtc.get_property('connection-state').value_nick
        self._post(report, 'state', state)

    def _on_pad(self, _, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        shown = Gst.parse_bin_from_description(SHOWN.format(DECODERS[self._codec]), True)
        sink = shown.get_by_name('shown')
        sink.set_property('emit-signals', True)
        sink.connect('new-sample', self._on_sample)
        self._pipeline.add(shown)
        shown.sync_state_with_parent()
        pad.link(shown.get_static_pad('sink'))

    def _on_sample(self, sink):
        sample = sink.emit('pull-sample')
        self._post(self._seen.add, lambda: read(sample))
        return Gst.FlowReturn.OK


def caps(codec):
    return f'application/x-rtp,media=video,encoding-name={codec},clock-rate=90000,payload=96'


def read(sample):
    """Return the size and colours of a picture in RGB."""
    info = GstVideo.VideoInfo.new_from_caps(sample.get_caps())
    buffer = sample.get_buffer()
    data = buffer.extract_dup(0, buffer.get_size())
    rows = np.frombuffer(data, np.uint8).reshape(info.height, info.stride[0])
    pixels = rows[:, : info.width * 3].reshape(info.height, info.width, 3)
    return {'width': info.width, 'height': info.height, 'colours': sampled(pixels)}


if __name__ == '__main__':
    Gst.init(None)
    role, url, sender_id, codec, *parameters = sys.argv[1:]
    asyncio.run(
        join(role, url, sender_id, lambda candidate: Peer(role, codec, parameters, candidate))
    )
