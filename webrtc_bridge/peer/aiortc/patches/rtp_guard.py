"""Keep a session alive whose peer sends broken RTP or RTCP, correctly encrypted."""

import functools
import logging
import struct
from typing import Any

from aiortc import RTCDtlsTransport

logger = logging.getLogger(__name__)


@functools.cache
def guard_rtp() -> None:
    """
    Let every transport drop what it cannot read, and continue.

    aiortc 1.16 expects only ValueError; an estimate (REMB) that claims more streams than it names,
    or a header extension that is too short, is a `struct.error` that ends the session, as an empty
    retransmission once did (aiortc/aiortc#129).
    """
    transport_class: Any = RTCDtlsTransport
    receive = transport_class._recv_next

    async def receive_or_drop(transport: Any) -> None:
        try:
            await receive(transport)
        except struct.error as error:
            logger.debug('broken packet dropped: %s', error)

    transport_class._recv_next = receive_or_drop
