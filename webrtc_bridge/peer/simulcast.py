"""
The choice of one layer of a publisher that offers several at once (simulcast, RFC 8853).

An answer without a word about them gets the first, which many publishers have as the smallest; one
that names a single layer gets that alone, and nobody sends or encodes the others. libwebrtc then
fits its size to the link, as without simulcast.
"""

import re
from math import inf

LADDERS = (
    ('f', 'h', 'q'),
    ('h', 'm', 'l'),
    ('hi', 'mid', 'lo'),
    ('high', 'mid', 'low'),
    ('high', 'medium', 'low'),
    ('r2', 'r1', 'r0'),
)
"""
Names of layers from the largest to the smallest, as W3C's examples, LiveKit, mediasoup and Janus
have them. An offer gives no sizes but in restrictions, which no browser writes.
"""

SIMULCAST = re.compile(r'^a=simulcast:(?:.* )?send ([^\s]+)', re.MULTILINE)
RID = re.compile(r'^a=rid:([\w-]+) send\b(.*)$', re.MULTILINE)
NAMES = re.compile(r'^a=extmap:\d+ urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\b', re.MULTILINE)
PAUSED = '~'

MOST = 16
'Layers that are looked at; browsers send three.'


def taking_best_layer(answer: str, offer: str) -> str:
    """Return `answer` with the largest layer of each simulcast in `offer`, and no other."""
    ours = sections(answer)
    for index, section in enumerate(sections(offer)[: len(ours)]):
        layers, extension = layers_of(section), NAMES.search(section)
        # Without names on the packets, libwebrtc refuses an answer that has some.
        if layers and extension:
            name = best(layers)
            ours[index] += f'{extension[0]}\r\na=rid:{name} recv\r\na=simulcast:recv {name}\r\n'
    return before_sections(answer) + ''.join(ours)


def layers_of(section: str) -> dict[str, float]:
    """Return the pixels of each layer that is offered, in the publisher's order of preference."""
    found = SIMULCAST.search(section)
    if not found:
        return {}
    restrictions = dict(RID.findall(section))
    # Of alternatives the first is preferred; one that is paused sends nothing until asked.
    names = [each.split(',')[0] for each in found[1].split(';', MOST)[:MOST]]
    running = [name for name in names if not name.startswith(PAUSED)]
    known = [name.lstrip(PAUSED) for name in running or names]
    return {name: most_pixels(restrictions[name]) for name in known if name in restrictions}


def most_pixels(restrictions: str) -> float:
    """Return the pixels that `restrictions` (RFC 8851, section 5) allow; infinity if all."""
    values = dict(item.strip().partition('=')[::2] for item in restrictions.split(';'))
    width, height, macroblocks = (
        number(values.get(key, '')) for key in ('max-width', 'max-height', 'max-fs')
    )
    return min(width * height, 256 * macroblocks)


def number(text: str) -> float:
    """Return the value of digits; infinity for other text, and for 0, which restricts nothing."""
    return float(text) if re.fullmatch(r'[1-9]\d{0,8}', text) else inf


def best(layers: dict[str, float]) -> str:
    """Return the name of the largest of `layers`."""
    most = max(layers.values())
    largest = [name for name, pixels in layers.items() if pixels == most]
    for ladder in LADDERS:
        if set(largest) <= set(ladder):
            return next(name for name in ladder if name in largest)
    return largest[0]


def sections(sdp: str) -> list[str]:
    """Return the sections of `sdp`, each from its line `m=` on."""
    return re.findall(r'^m=.*?(?=^m=|\Z)', sdp, re.MULTILINE | re.DOTALL)


def before_sections(sdp: str) -> str:
    """Return the part of `sdp` that is about the session."""
    return re.split(r'^m=', sdp, maxsplit=1, flags=re.MULTILINE)[0]
