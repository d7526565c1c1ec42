"""Additions of ours to an answer, for the page that publishes a camera. Text alone, no I/O."""

import re

PLAYOUT_DELAY = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay'
'A header extension that libwebrtc offers, and with it browsers and phones, but nobody else.'

START_BITRATE = 'x-google-start-bitrate=1000'
"""
The bit rate at which libwebrtc starts, in kbit/s, instead of 300. The first size is one that suits
it, and grows only after seconds of good pictures: with 5 Mbit/s measured after 1 s, a camera of
1280x720 still arrived as 320x180 for 4 s and as 640x360 after 12. With 700 it is full size from
the first picture on, and 1920x1080 is, too. A link of 500 kbit/s is noticed at once; at 200
kbit/s, pictures take 5 s to become regular.
"""


MAY_DIFFER = re.compile(r'^a=fmtp:(\d+) .*level-asymmetry-allowed=1\b', re.MULTILINE)
LEVEL = re.compile(r'(profile-level-id=[0-9a-f]{4})[0-9a-f]{2}')
HIGHEST_LEVEL = '34'
"""
Level 5.2 of H.264: FFmpeg decodes any. aiortc answers with 3.1, which is 1280x720 at 30 fps; an
iPhone keeps to the level by sending 1920x1080 at 13.
"""


def for_publisher(answer: str, offer: str) -> str:
    """Return `answer` as libwebrtc needs it for full size at once; unchanged for others."""
    if PLAYOUT_DELAY not in offer:
        return answer
    return starting_fast(with_highest_level(answer, set(MAY_DIFFER.findall(offer))))


def with_highest_level(answer: str, may_differ: set[str]) -> str:
    """
    Return `answer` with the highest level for the payload types that `may_differ` by it.

    That is where both sides allow it (RFC 6184, section 8.2.2).
    """
    both = may_differ & set(MAY_DIFFER.findall(answer))
    lines = answer.splitlines(keepends=True)
    return ''.join(
        LEVEL.sub(rf'\g<1>{HIGHEST_LEVEL}', line) if payload_type_of(line) in both else line
        for line in lines
    )


def payload_type_of(line: str) -> str:
    """Return the payload type that a line of SDP is about."""
    return line.partition(':')[2].partition(' ')[0]


def starting_fast(answer: str) -> str:
    """
    Return `answer` with `START_BITRATE` for each video codec that feedback is promised for.

    Without transport-wide feedback libwebrtc would take long to notice a slower link.
    """
    prompt = set(re.findall(r'^a=rtcp-fb:(\d+) transport-cc\s*$', answer, re.MULTILINE))
    described = set(re.findall(r'^a=fmtp:(\d+) ', answer, re.MULTILINE))
    lines = []
    for line in answer.splitlines(keepends=True):
        key, payload_type = line.partition(':')[0], payload_type_of(line)
        text, end = line.rstrip('\r\n'), line[len(line.rstrip('\r\n')) :]
        lines.append(line)
        if payload_type not in prompt:
            continue
        if key == 'a=fmtp':
            lines[-1] = f'{text};{START_BITRATE}{end}'
        elif key == 'a=rtpmap' and payload_type not in described:
            lines.append(f'a=fmtp:{payload_type} {START_BITRATE}{end}')
    return ''.join(lines)
