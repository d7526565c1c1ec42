"""A webrtcbin that sends as GStreamer's own examples do, to a session in the same process."""

import asyncio
import gc

from webrtc_bridge.gstreamer.library import Gst, GstSdp, GstWebRTC, Signals
from webrtc_bridge.gstreamer.peer.ice import set_up_ice
from webrtc_bridge.signaling.protocol.messages import Answer, Candidate, IceCandidate, Offer

FILM = (
    'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1'
    ' ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30'
    ' ! video/x-h264,profile={profile} ! rtph264pay config-interval=-1'
    ' ! application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96'
    ' ! webrtcbin name=webrtc bundle-policy=max-bundle'
)


class PlainWebrtcbin:
    """Offers a film in H.264 of a `profile`; `send` gets its messages, `receive` takes them."""

    def __init__(self, send, profile='constrained-baseline'):
        self._loop = asyncio.get_running_loop()
        self._send = send
        self._pipeline = Gst.parse_launch(FILM.format(profile=profile))
        self._webrtc = self._pipeline.get_by_name('webrtc')
        set_up_ice(self._webrtc)  # or it goes on to look for a router, by UPnP
        self._signals = Signals()
        self._signals.connect(self._webrtc, 'on-negotiation-needed', self._on_negotiation_needed)
        self._signals.connect(self._webrtc, 'on-ice-candidate', self._on_candidate)
        self._pipeline.set_state(Gst.State.PLAYING)

    def receive(self, message):
        """Take a message of the peer."""
        if isinstance(message, Answer):
            _, sdp = GstSdp.SDPMessage.new_from_text(message.sdp)
            answer = GstWebRTC.WebRTCSDPType.ANSWER
            description = GstWebRTC.WebRTCSessionDescription.new(answer, sdp)
            self._webrtc.emit('set-remote-description', description, None)
        elif isinstance(message, Candidate) and message.candidate:
            self._webrtc.emit('add-ice-candidate', 0, message.candidate.line)

    def close(self):
        """Stop, and close all sockets, which go with the last reference."""
        self._signals.disconnect()
        self._pipeline.set_state(Gst.State.NULL)
        self._pipeline = self._webrtc = None
        gc.collect()

    def _post(self, message):
        self._loop.call_soon_threadsafe(self._send, message)

    def _on_negotiation_needed(self, webrtc):
        webrtc.emit('create-offer', None, Gst.Promise.new_with_change_func(self._on_offer))

    def _on_offer(self, promise):
        reply = promise.get_reply()
        offer = reply.get_value('offer')
        self._webrtc.emit('set-local-description', offer, None)
        self._post(Offer('front', 's1', offer.sdp.as_text()))

    def _on_candidate(self, _, index, line):
        self._post(Candidate('front', 's1', IceCandidate(line, None, index)))
