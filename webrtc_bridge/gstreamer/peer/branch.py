"""One viewer's branch of the pipeline: from the tee of an encoding to RTP packets."""

import asyncio
import functools
import secrets
from collections.abc import Callable

from webrtc_bridge.gstreamer.bitrates import BRIDGE
from webrtc_bridge.gstreamer.library import Element, Gst, GstVideo, Pad, Signals, post
from webrtc_bridge.gstreamer.peer.formats import Format
from webrtc_bridge.gstreamer.peer.gate import KeyframeGate
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
from webrtc_bridge.media.frames import Encoding, Layer

ELEMENTS = (
    # One entry for the layer, and another for the bridge, whose frames come in between.
    'funnel name=funnel ! '
    # What does not fit is dropped before it, and then everything up to a keyframe: a picture that
    # refers to one that was dropped cannot be shown, and nobody would ask for another.
    'queue name=queue leaky=upstream max-size-buffers=8 max-size-bytes=0 max-size-time=0'
)
PACKETS = '{payloader} name=payloader ! capsfilter caps="{packets}" ! capssetter caps="{offered}"'


class ViewerBranch:
    """
    Make RTP packets of one encoding for one viewer, with the SSRC `ssrc`.

    Where the source's own H.264 passes through, and a keyframe of it is late, the viewer gets the
    bridge until it comes.

    `element` goes into the pipeline, and has room for what takes the packets. Nothing is encoded
    until `start`, from when on there is an `encoding`, and nothing flows until `open`. Belongs to
    the event loop.
    """

    def __init__(self, pipeline: GStreamerPipeline) -> None:
        self.encoding: Encoding | None = None
        self.ssrc = 1 + secrets.randbelow(0xFFFFFFFF)
        self.element: Element = Gst.parse_bin_from_description(ELEMENTS, False)
        self._pipeline = pipeline
        self._on_lost: Callable[[str], None] = lambda reason: None
        self._loop = asyncio.get_running_loop()
        self._payloader: Element = None
        self._accepts_high = False
        self._tee_pad: Pad | None = None
        self._bridge: BridgeEntry | None = None
        self._joined = self._is_open = False
        self._pause: asyncio.TimerHandle | None = None
        queue = self.element.get_by_name('queue')
        entry = queue.get_static_pad('sink')
        funnel = self.element.get_by_name('funnel')
        self.element.add_pad(Gst.GhostPad.new('sink', funnel.request_pad_simple('sink_%u')))
        call = functools.partial(post, self._loop)
        self._gate: KeyframeGate | None = KeyframeGate(
            entry, self._request_keyframe, call, self._leave_bridge
        )
        entry.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self._on_upstream_event)
        self._signals = Signals()
        self._signals.connect(queue, 'overrun', lambda _: call(self._restart))

    @property
    def sequence(self) -> int:
        """The sequence number of the newest packet; from any thread."""
        payloader = self._payloader
        return int(payloader.get_property('seqnum')) if payloader is not None else 0

    @property
    def payload_type(self) -> int:
        """The payload type of its packets, once it has started."""
        return int(self._payloader.get_property('pt'))

    def join(self, on_lost: Callable[[str], None]) -> None:
        """Join the pipeline; `on_lost` gets the reason when an element fails."""
        self._joined = True
        self._on_lost = on_lost
        self._pipeline.add_branch(self.element, self)

    def start(self, taken: Format, sink: Pad) -> None:
        """Take frames of the codec of `taken`, and give their packets to `sink`; once."""
        elements = PACKETS.format(
            payloader=taken.payloader,
            packets=taken.packets(self.ssrc),
            offered=taken.offered(self.ssrc),
        )
        packets = Gst.parse_bin_from_description(elements, True)
        self.element.add(packets)
        packets.get_static_pad('src').link(sink)
        self.element.get_by_name('queue').link(packets)
        packets.sync_state_with_parent()
        self._payloader = packets.get_by_name('payloader')
        self.encoding, self._accepts_high = Encoding(taken.codec), taken.accepts_high
        self._link(self.encoding)

    def on_lost(self, reason: str) -> None:
        """Pass on that an element failed."""
        self._on_lost(reason)

    def on_keyframe_late(self) -> None:
        """Take the bridge until the keyframe comes."""
        if self.encoding is None or self.encoding.codec is not BRIDGE.codec:
            return
        if self._gate and self._gate.waits and self._pause is None and self._bridge is None:
            self._gate.cross()
            self._bridge = BridgeEntry(self._pipeline, self.element, self._accepts_high)

    def open(self) -> None:
        """Let pictures through, from the next keyframe on."""
        if self._gate:
            self._is_open = True
            self._gate.open_at_keyframe()

    def change_layer(self, layer: Layer) -> None:
        """Take `layer`, from its next keyframe on."""
        if self._gate is None or self._tee_pad is None or self.encoding is None:
            return
        before, encoding = self.encoding, self.encoding._replace(layer=layer)
        if encoding == before:
            return
        self._gate.close()
        self._leave_bridge()
        self._tee_pad = self._pipeline.move_branch(
            self._tee_pad, before, encoding, self._accepts_high
        )
        self.encoding = encoding
        if self._is_open and self._pause is None:
            self._gate.open_at_keyframe()

    def pause(self, seconds: float) -> bool:
        """
        Drop what comes in the next `seconds`; then continue at a keyframe.

        A pause that has begun lasts for so long from now on. Return whether one began; while idle
        and after the end, do nothing.
        """
        if self._gate is None or self._tee_pad is None:
            return False
        begins = self._pause is None
        self._end_pause()
        if begins:
            self._gate.close()
            self._leave_bridge()
        self._pause = self._loop.call_later(seconds, self._resume)
        return begins

    def set_idle(self, idle: bool) -> None:
        """Take nothing while `idle`, so that nothing is encoded for it; idempotent."""
        if self._gate is None or not self._is_open or idle is (self._tee_pad is None):
            return
        self._end_pause()
        if idle:
            self._gate.close()
            self._leave()
        elif self.encoding is not None:
            self._link(self.encoding)
            self._gate.open_at_keyframe()

    def leave(self) -> None:
        """Take no picture any more; idempotent."""
        if self._gate is None:
            return
        self._gate = None
        self._end_pause()
        self._signals.disconnect()
        self._leave()

    async def close(self) -> None:
        """Leave the pipeline; idempotent."""
        self.leave()
        if self.element is None:
            return
        try:
            if self._joined:
                await self._pipeline.remove_branch(self.element)
        finally:
            self.element = self._payloader = None

    def _link(self, encoding: Encoding) -> None:
        entry = self.element.get_static_pad('sink')
        self._tee_pad = self._pipeline.link_branch(entry, encoding, self._accepts_high)

    def _leave(self) -> None:
        self._leave_bridge()
        if self._tee_pad is not None and self.encoding is not None:
            self._pipeline.unlink_branch(self._tee_pad, self.encoding)
            self._tee_pad = None

    def _end_pause(self) -> None:
        if self._pause:
            self._pause.cancel()
            self._pause = None

    def _resume(self) -> None:
        self._pause = None
        if self._gate:
            self._gate.open_at_keyframe()

    def _restart(self) -> None:
        if self._gate:
            self._gate.restart()

    def _request_keyframe(self) -> None:
        if self.encoding is not None:
            self._pipeline.request_keyframe(self.encoding)
        if self._bridge is not None:
            self._pipeline.request_keyframe(BRIDGE)

    def _leave_bridge(self) -> None:
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            bridge.close()

    def _on_upstream_event(self, _: Pad, info: Element) -> object:
        if GstVideo.video_event_is_force_key_unit(info.get_event()):
            post(self._loop, self._on_picture_lost)
        return Gst.PadProbeReturn.OK

    def _on_picture_lost(self) -> None:
        if self._gate:
            self._gate.watch_for_keyframe()


class BridgeEntry:
    """The second entry of the branch `element`, by which it gets the bridge of `pipeline`."""

    def __init__(self, pipeline: GStreamerPipeline, element: Element, accepts_high: bool) -> None:
        self._pipeline = pipeline
        self._element = element
        self._funnel: Element = element.get_by_name('funnel')
        self._pad: Pad = self._funnel.request_pad_simple('sink_%u')
        self._entry: Pad = Gst.GhostPad.new('bridge', self._pad)
        self._entry.set_active(True)
        element.add_pad(self._entry)
        self._tee_pad = pipeline.link_branch(self._entry, BRIDGE, accepts_high)
        pipeline.request_keyframe(BRIDGE)

    def close(self) -> None:
        """Get the bridge no longer; once."""
        self._pipeline.unlink_branch(self._tee_pad, BRIDGE)
        self._element.remove_pad(self._entry)
        self._funnel.release_request_pad(self._pad)
