"""GStreamer's encoders, their settings for low delay, and a test of each."""

import logging
from dataclasses import dataclass

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Element, Gst, require_elements
from webrtc_bridge.media.codec.encoder_settings import (
    DEFAULT,
    HIGH,
    TUNE,
    VBV_SECONDS,
    VP8_DROP_BELOW,
    VP8_SPEED,
    VP8_THREADS,
    slices,
)
from webrtc_bridge.media.codec.rate_scaled_clock import PictureShare
from webrtc_bridge.media.frames import Codec

PROBE_TIMEOUT = 4.0
'Seconds for an encoder to encode five small pictures; a driver may first have to wake up.'

PROBE_SIZE = (320, 240)

ENDLESS = 1 << 30
'Pictures between keyframes: these come on request.'

H264_CAPS = 'video/x-h264,stream-format=byte-stream,alignment=au,profile=(string)'

VP8_COLOURS = 'video/x-raw,colorimetry=(string)bt601'
'VP8 has no room for others (RFC 6386, section 9.2).'

LARGEST_BUFFER = 10_000
'Milliseconds; x264enc takes no more.'

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderKind:
    """
    An encoder element and its settings, some of which older versions may lack.

    `rate` is the property with the bit rate, in units of `rate_unit` bit/s. `buffer`, if there is
    one, is the property with the part of it that a picture may use, in ms, and `slices` the one
    with the number of slices that are encoded in parallel. An encoder either
    `goes_by_times` of pictures or counts them. The rate of one that is `quick` can be changed
    at any time without a keyframe. `high` are the settings that differ for the High profile of
    H.264, of those that are known to make it well.
    """

    name: str
    settings: dict[str, object]
    codec: Codec = Codec.H264
    rate: str = 'bitrate'
    rate_unit: int = 1000
    buffer: str = ''
    slices: str = ''
    goes_by_times: bool = False
    quick: bool = False
    high: dict[str, object] | None = None

    @property
    def chain(self) -> str:
        """The description of the elements that make frames of pictures."""
        if self.codec is Codec.VP8:
            return f'videoconvert ! capsfilter caps="{VP8_COLOURS}" ! {self.name} name=encoder'
        caps = f'capsfilter name=profile caps="{profile_caps()}"'
        return f'videoconvert ! {self.name} name=encoder ! {caps} ! h264parse'


KINDS = {
    kind.name: kind
    for kind in (
        EncoderKind(
            'nvh264enc',
            {
                **{'preset': 'low-latency-hp', 'zerolatency': True, 'rc-mode': 'cbr'},
                **{'bframes': 0, 'gop-size': -1, 'rc-lookahead': 0, 'aud': False},
            },
        ),
        EncoderKind(
            'vah264enc',
            {
                **{'rate-control': 'cbr', 'b-frames': 0, 'key-int-max': 1024},
                **{'target-usage': 7, 'ref-frames': 1, 'aud': False},
            },
        ),
        EncoderKind(
            'vtenc_h264',
            {
                **{'realtime': True, 'allow-frame-reordering': False},
                'max-keyframe-interval': ENDLESS,
            },
            goes_by_times=True,
        ),
        EncoderKind('v4l2h264enc', {}, rate='extra-controls', rate_unit=1),
        EncoderKind(
            'x264enc',
            {
                **{'speed-preset': DEFAULT.preset, 'option-string': DEFAULT.options},
                **{'tune': TUNE, 'bframes': 0, 'key-int-max': ENDLESS, 'aud': False},
            },
            buffer='vbv-buf-capacity',
            slices='threads',
            quick=True,
            high={'option-string': HIGH.options},
        ),
        EncoderKind(
            'openh264enc',
            {
                **{'usage-type': 'camera', 'complexity': 'low', 'rate-control': 'bitrate'},
                **{'gop-size': 0, 'enable-frame-skip': False},
            },
            rate_unit=1,
            goes_by_times=True,
            quick=True,
        ),
    )
}
'Encoders of H.264, in the order in which `auto` tries them.'

BUFFER = round(1000 * VBV_SECONDS)

VP8 = EncoderKind(
    'vp8enc',
    {
        **{'deadline': 1, 'cpu-used': VP8_SPEED, 'threads': VP8_THREADS, 'end-usage': 'cbr'},
        **{'buffer-size': BUFFER, 'buffer-initial-size': BUFFER * 3 // 4},
        **{'buffer-optimal-size': BUFFER * 5 // 6, 'error-resilient': 'default'},
        **{'keyframe-mode': 'disabled', 'keyframe-max-dist': ENDLESS},
        **{'lag-in-frames': 0, 'static-threshold': 0},
    },
    codec=Codec.VP8,
    rate='target-bitrate',
    rate_unit=1,
    goes_by_times=True,
    quick=True,
)


def profile_caps(high: bool = False) -> str:
    """Return the caps of H.264 of the High profile, or of the one that every viewer accepts."""
    return H264_CAPS + ('high' if high else '{constrained-baseline,baseline}')


def is_available(codec: Codec) -> bool:
    """Return whether viewers can have `codec`, of which H.264 is required."""
    elements = [VP8.name, 'rtpvp8pay'] if codec is Codec.VP8 else []
    return all(map(Gst.ElementFactory.find, elements))


def configure(
    kind: EncoderKind, element: Element, size: tuple[int, int], high: bool = False
) -> None:
    """
    Set up an encoder that does not run yet for pictures of `size`; it has no bit rate then.

    If it is to make the High profile of H.264, what is behind it must take that.
    """
    for name, value in (kind.settings | ((kind.high or {}) if high else {})).items():
        if element.find_property(name):
            Gst.util_set_object_arg(element, name, str(value).lower())
    if kind.slices:
        element.set_property(kind.slices, slices(*size))


def set_bitrate(kind: EncoderKind, element: Element, bitrate: int, scale: float = 1.0) -> None:
    """
    Change the bit rate, during encoding too.

    An encoder that misses its rate is set to `scale` times `bitrate` (bit/s) to reach that.
    """
    scaled = int(bitrate * scale)
    if kind.rate == 'extra-controls':
        controls = (
            f'controls,video_bitrate={scaled},repeat_sequence_header=1,h264_i_frame_period=1000,'
            'video_gop_size=1000'
        )
        element.set_property('extra-controls', Gst.Structure.from_string(controls)[0])
        return
    if kind.buffer:
        element.set_property(
            kind.buffer, min(max(1, int(1000 * VBV_SECONDS / scale)), LARGEST_BUFFER)
        )
    highest = element.find_property(kind.rate).maximum
    element.set_property(kind.rate, min(max(1, scaled // kind.rate_unit), highest))


def share_bits(vp8enc: Element, share: PictureShare) -> None:
    """Let the next picture have its share of the bits, and not be skipped after a pause."""
    vp8enc.set_property('max-intra-bitrate', max(1, round(100 * share.keyframe)))
    vp8enc.set_property('dropframe-threshold', VP8_DROP_BELOW if share.rate == 1 else 0)


def choose_encoder(wanted: str) -> EncoderKind:
    """
    Return the encoder `wanted`, or for `auto` the first that works. Blocks: each is tried.

    Raises: RequirementError.
    """
    if wanted != 'auto':
        require_elements(wanted)
        if reason := failure(KINDS[wanted]):
            raise _unusable(wanted, reason)
        logger.info('encoder %s', wanted)
        return KINDS[wanted]
    for kind in KINDS.values():
        if Gst.ElementFactory.find(kind.name) is None:
            logger.debug('encoder %s is not installed', kind.name)
        elif reason := failure(kind):
            logger.info('encoder %s does not work here: %s', kind.name, reason)
        else:
            logger.info('encoder %s, the first that works', kind.name)
            return kind
    require_elements('x264enc')
    raise _unusable('any', 'none works')


def _unusable(name: str, reason: str) -> RequirementError:
    installed = f'{name} (which does not work: {reason})'
    tip = 'choose another with --encoder, or auto'
    return RequirementError('encoder', installed, 'one that works', tip)


def failure(kind: EncoderKind) -> str:
    """Return why `kind` fails to encode a few pictures; empty if it does not fail."""
    try:
        pipeline = Gst.parse_launch(
            'videotestsrc num-buffers=5 ! video/x-raw,width={},height={},framerate=30/1'.format(
                *PROBE_SIZE
            )
            + f' ! {kind.chain} ! fakesink name=sink sync=false'
        )
    except Exception as error:  # GLib.Error, where the elements cannot be linked
        return str(getattr(error, 'message', error))
    encoder = pipeline.get_by_name('encoder')
    configure(kind, encoder, PROBE_SIZE)
    set_bitrate(kind, encoder, 500_000)
    try:
        pipeline.set_state(Gst.State.PLAYING)
        end = Gst.MessageType.EOS | Gst.MessageType.ERROR
        timeout = int(PROBE_TIMEOUT * Gst.SECOND)
        message = pipeline.get_bus().timed_pop_filtered(timeout, end)
        if message is None:
            return f'nothing after {PROBE_TIMEOUT:g} s'
        if message.type == Gst.MessageType.ERROR:
            return str(message.parse_error()[0].message)
        return '' if pipeline.get_by_name('sink').get_property('last-sample') else 'no picture'
    finally:
        pipeline.set_state(Gst.State.NULL)
