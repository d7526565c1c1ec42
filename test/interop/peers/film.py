"""
GStreamer's test film as RTP to a UDP port of this machine, until stdin ends.

CODEC PORT PAYLOAD_TYPE SSRC [PARAMETER…]; of H.264 the parameters are those of its description
(RFC 6184, section 8.1).
"""

import sys

import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst  # noqa: E402

PROFILES = {
    '42001f': 'baseline',
    '42e01f': 'constrained-baseline',
    '4d001f': 'main',
    '64001f': 'high',
}
SOURCE = (
    'videotestsrc is-live=true ! video/x-raw,format=I420,width=640,height=480,framerate=30/1 ! '
)
X264 = 'x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 key-int-max=30'
ENCODERS = {
    'VP8': 'vp8enc deadline=1 keyframe-max-dist=30 target-bitrate=1500000 ! rtpvp8pay',
    'VP9': 'vp9enc deadline=1 keyframe-max-dist=30 target-bitrate=1500000 ! rtpvp9pay',
}


def elements(codec: str, parameters: list[str]) -> str:
    """Return the film's elements up to the payloader, which wants its own properties after it."""
    if codec != 'H264':
        return SOURCE + ENCODERS[codec]
    values = dict(each.split('=') for each in parameters)
    profile = PROFILES[values.get('profile-level-id', '42e01f')]
    if values.get('packetization-mode', '0') == '0':  # nothing but whole NAL units
        encoder, payloader = f'{X264} option-string=slice-max-size=1100', 'aggregate-mode=none'
    else:
        encoder, payloader = X264, 'aggregate-mode=zero-latency'
    return (
        f'{SOURCE}{encoder} ! video/x-h264,profile={profile}'
        f' ! rtph264pay config-interval=-1 {payloader}'
    )


def main(codec: str, port: str, payload_type: str, ssrc: str, *parameters: str) -> None:
    Gst.init(None)
    pipeline = Gst.parse_launch(
        f'{elements(codec, list(parameters))} pt={payload_type} ssrc={ssrc} mtu=1200'
        f' ! udpsink host=127.0.0.1 port={port} sync=false async=false'
    )
    pipeline.set_state(Gst.State.PLAYING)
    sys.stdin.read()
    pipeline.set_state(Gst.State.NULL)


if __name__ == '__main__':
    main(*sys.argv[1:])
