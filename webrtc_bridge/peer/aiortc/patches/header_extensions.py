"""Patches to aiortc's RTP header extensions, of which it knows a fixed few."""

import functools
from typing import Any

from aiortc.codecs import HEADER_EXTENSIONS
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, unpack_header_extensions

from webrtc_bridge.media.rtp.source_header import SOURCE_HEADER

TWO_BYTE_HEADERS = 0x1000
'Profile of extensions with headers of two bytes (RFC 8285, section 4.3).'

EXTENSION_ID = 9
"The number in offers, above those of aiortc's own; answers repeat it."


@functools.cache
def offer_source_headers() -> None:
    """Let all connections offer and accept the headers of sources."""
    extension = RTCRtpHeaderExtensionParameters(id=EXTENSION_ID, uri=SOURCE_HEADER)
    HEADER_EXTENSIONS['video'].append(extension)


class SourceHeaderMap(HeaderExtensionsMap):
    """Keeps the source's header as it came: `source_header` of a packet's extensions."""

    def __init__(self) -> None:
        super().__init__()
        self._source_header_id: int | None = None

    def configure(self, parameters: RTCRtpParameters) -> None:
        """Note the number of the extension, too."""
        super().configure(parameters)
        for extension in parameters.headerExtensions:
            if extension.uri == SOURCE_HEADER:
                self._source_header_id = extension.id

    def get(self, extension_profile: int, extension_value: bytes) -> HeaderExtensions:
        """Return the extensions of a packet."""
        values: Any = super().get(extension_profile, extension_value)
        # Ours has headers of two bytes; all other packets are spared the search.
        if self._source_header_id is not None and extension_profile == TWO_BYTE_HEADERS:
            elements = dict(unpack_header_extensions(extension_profile, extension_value))
            values.source_header = elements.get(self._source_header_id, b'')
        return values  # type: ignore[no-any-return]


def keep_source_headers(receiver: Any) -> None:
    """Let the transport of an RTCRtpReceiver keep the headers of sources; before it receives."""
    receiver.transport._rtp_header_extensions_map = SourceHeaderMap()


def source_header_of(packet: Any) -> bytes:
    """Return the source's header in a packet that was received; empty if it has none."""
    header: bytes = getattr(packet.extensions, 'source_header', b'')
    return header
