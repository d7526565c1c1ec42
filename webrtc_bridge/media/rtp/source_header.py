"""
The RTP header extension that carries a picture's header in its source, with the picture.

A session agrees on it by its URI (RFC 8285); other peers ignore it. It is in the last packet of a
frame, the one with the marker bit, so it is there whenever the frame is: neither the 90 kHz of RTP
time nor a clock that is set changes it. Its value is one byte of flags, the stamp as a signed
64-bit number of nanoseconds in network byte order, and the frame_id in UTF-8.
"""

import struct

from webrtc_bridge.media.frames import SourceHeader

SOURCE_HEADER = 'urn:x-webrtc-bridge:rtp-hdrext:source-header'
'The URI of the extension.'

SIMULATED = 0x01
'The flag of a stamp by a simulated clock.'

MOST_BYTES = 100
'The longest frame_id: `LARGEST_PAYLOAD` leaves room for it.'

FIXED = struct.Struct('!Bq')

BEYOND_TIME_NS = 2**31 * 1_000_000_000
'The first stamp that ROS cannot hold: its seconds have 32 bits (builtin_interfaces/Time).'


def packed(header: SourceHeader) -> bytes:
    """Return the value of the extension; a frame_id that is too long is left out."""
    frame_id = header.frame_id.encode(errors='replace')
    flags = SIMULATED if header.simulated else 0
    return FIXED.pack(flags, header.stamp_ns) + (frame_id if len(frame_id) <= MOST_BYTES else b'')


def parsed(value: bytes) -> SourceHeader | None:
    """Return the header in the value of an extension; None if it is broken."""
    if not FIXED.size <= len(value) <= FIXED.size + MOST_BYTES:
        return None
    flags, stamp_ns = FIXED.unpack_from(value)
    try:
        frame_id = value[FIXED.size :].decode()
    except UnicodeDecodeError:
        return None
    if not (-BEYOND_TIME_NS <= stamp_ns < BEYOND_TIME_NS and frame_id.isprintable()):
        return None
    return SourceHeader(stamp_ns, frame_id, bool(flags & SIMULATED))
