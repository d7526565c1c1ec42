"""Spread the candidates of a bundled description over all of its sections."""

import re

CANDIDATES = ('a=candidate:', 'a=end-of-candidates')


def copy_bundled_candidates(sdp: str) -> str:
    """
    Return a bundled description in which each section without candidates has the first one's.

    aiortc 1.16, with the policy max-bundle (since aiortc/aiortc#1229), takes those of the last
    section alone; GStreamer and browsers write them into the first (RFC 8843, section 7.1.3).
    Without any it could not look for a path, only wait for the peer to find one.
    """
    head, *sections = re.split(r'^(?=m=)', sdp, flags=re.MULTILINE)
    if 'a=group:BUNDLE' not in head or not sections:
        return sdp
    lines = sections[0].splitlines(keepends=True)
    known = ''.join(line for line in lines if line.startswith(CANDIDATES))
    others = (
        section if 'a=candidate:' in section else section + known for section in sections[1:]
    )
    return ''.join([head, sections[0], *others])
