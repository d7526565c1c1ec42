"""The colours of GStreamer's video, completed and declared."""

from webrtc_bridge.gstreamer.library import Element, Gst, GstVideo, Pad, Structure
from webrtc_bridge.gstreamer.structures import first_structure
from webrtc_bridge.media.codec.passed_colours import with_colours
from webrtc_bridge.media.h264.units import SPS, kind, nal_units
from webrtc_bridge.media.h264.video_signal import VideoSignal, declaring, video_signal
from webrtc_bridge.media.pixels.colours import UNSPECIFIED, Colours, completed, usual_matrix

FULL, LIMITED = 1, 2
'Values of GstVideoColorRange, whose names are not names in Python.'


def completing(raw: Structure, full_range: bool) -> str:
    """
    Return the element that completes the colorimetry of raw video; empty if nothing is missing.

    `full_range` is what its H.264 declares. h264parse 1.22 forgets the range of streams without
    primaries, and videoconvert then takes black for 16 and white for 235.
    """
    if not has_chroma(raw):
        return ''
    found, signal = colorimetry_of(raw), signal_of(raw)
    whole = GstVideo.VideoColorimetry()
    whole.range = FULL if full_range or signal.full_range else LIMITED
    whole.matrix = GstVideo.video_color_matrix_from_iso(signal.matrix)
    whole.transfer = GstVideo.video_transfer_function_from_iso(signal.transfer)
    whole.primaries = GstVideo.video_color_primaries_from_iso(signal.primaries)
    if whole.is_equal(found) or Gst.ElementFactory.find('capssetter') is None:
        return ''
    return f'capssetter join=true caps="video/x-raw,colorimetry=(string){whole.to_string()}"'


def has_chroma(raw: Structure) -> bool:
    """Return whether raw video is in luma and chroma, and has a matrix therefore."""
    pixels = GstVideo.video_format_from_string(raw.get_string('format') or '')
    flags = GstVideo.video_format_get_info(pixels).flags
    return bool(flags & GstVideo.VideoFormatFlags.YUV)


def colorimetry_of(raw: Structure) -> Element:
    """Return the colorimetry of raw video, with zeros for what it does not name."""
    found = GstVideo.VideoColorimetry()
    found.from_string(raw.get_string('colorimetry') or '')
    return found


def signal_of(raw: Structure) -> VideoSignal:
    """Return the colours of raw video, with the usual ones in place of what it does not name."""
    found = colorimetry_of(raw)
    matrix = GstVideo.video_color_matrix_to_iso(found.matrix)
    if matrix in (0, UNSPECIFIED):
        matrix = usual_matrix(raw.get_int('height')[1])
    primaries = GstVideo.video_color_primaries_to_iso(found.primaries)
    transfer = GstVideo.video_transfer_function_to_iso(found.transfer)
    colours = completed(Colours(matrix, primaries, transfer))
    return VideoSignal(found.range == FULL, colours.primaries, colours.transfer, colours.matrix)


def declare(pad: Pad, encoder: Element | None = None) -> None:
    """
    Let the H.264 of `pad` declare its colours: those that `encoder` gets.

    Some encoders do not, such as openh264enc. Without an `encoder` it is passed through.
    """

    def declared(data: bytes) -> bytes:
        if encoder is None:
            return with_colours(data)
        caps = encoder.get_static_pad('sink').get_current_caps()
        signal = signal_of(first_structure(caps))
        return declaring(data, lambda _: signal)

    def on_frame(_: Pad, info: Element) -> object:
        buffer = info.get_buffer()
        if buffer.has_flags(Gst.BufferFlags.DELTA_UNIT):
            return Gst.PadProbeReturn.OK
        data = bytes_of(buffer)
        whole = declared(data)
        if whole == data:
            # Either it declares them always, or its SPS comes later.
            has_sps = declares_full_range(buffer) is not None
            return Gst.PadProbeReturn.REMOVE if has_sps else Gst.PadProbeReturn.OK
        # A probe in Python cannot replace a buffer.
        pad.get_peer().chain(with_bytes(buffer, whole))
        return Gst.PadProbeReturn.DROP

    pad.add_probe(Gst.PadProbeType.BUFFER, on_frame)


def declares_full_range(buffer: Element) -> bool | None:
    """Return whether the SPS in `buffer` declares the full range; None if there is none."""
    for unit in nal_units(bytes_of(buffer)):
        if kind(unit) == SPS:
            try:
                return video_signal(unit).full_range
            except ValueError:
                return False
    return None


def bytes_of(buffer: Element) -> bytes:
    """Return a copy of the bytes of `buffer`."""
    return bytes(buffer.extract_dup(0, buffer.get_size()))


def with_bytes(buffer: Element, data: bytes) -> Element:
    """Return a buffer of `data` with the times, flags and metadata of `buffer`."""
    result = Gst.Buffer.new_wrapped(data)
    flags = Gst.BufferCopyFlags
    result.copy_into(buffer, flags.FLAGS | flags.TIMESTAMPS | flags.META, 0, buffer.get_size())
    return result
