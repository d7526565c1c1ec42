"""The newest picture of a source, to be encoded once more for who comes after it."""

from webrtc_bridge.gstreamer.library import Element, Gst

AGAIN = 1 << 40
'The `offset` of the buffer of a picture that is encoded again.'

STEP = 12_000
'Nanoseconds from a picture to the same one again, more than one unit of RTP time.'


class NewestPicture:
    """Keep the newest picture of the tee `pictures` in `bin_`; costs a reference, no copy."""

    def __init__(self, bin_: Element, pictures: Element) -> None:
        # A sink of GStreamer's, because a probe in Python takes 20 µs for each picture.
        self._sink: Element = Gst.ElementFactory.make('fakesink')
        for name in ('sync', 'async', 'qos'):
            self._sink.set_property(name, False)
        self._sink.set_property('enable-last-sample', True)
        bin_.add(self._sink)
        self._sink.sync_state_with_parent()
        pictures.request_pad_simple('src_%u').link(self._sink.get_static_pad('sink'))
        self._shown = 0
        self._times = 0

    @property
    def time(self) -> int | None:
        """The time (ns) of the newest picture; None before the first."""
        sample = self._sink.get_property('last-sample')
        return sample.get_buffer().pts if sample else None

    @property
    def caps(self) -> Element:
        """The format of the newest picture; None before the first."""
        sample = self._sink.get_property('last-sample')
        return sample.get_caps() if sample else None

    def again(self) -> Element:
        """Return the newest picture once more, a little later; None before the first."""
        sample = self._sink.get_property('last-sample')
        if not sample:
            return None
        newest = sample.get_buffer()
        self._times = self._times + 1 if newest.pts == self._shown else 1
        self._shown = newest.pts
        # Not copy(): from 1.26 on, the result cannot be changed in Python.
        again, parts = Gst.Buffer.new(), Gst.BufferCopyFlags
        again.copy_into(newest, parts.FLAGS | parts.META | parts.MEMORY, 0, newest.get_size())
        again.pts = newest.pts + self._times * STEP
        again.duration = newest.duration
        again.offset = AGAIN
        return again
