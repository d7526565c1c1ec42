"""Keeps a session alive whose peer sends RTP or RTCP that is broken, but rightly encrypted."""

import functools
import logging
import struct
from typing import Any

from aiortc import RTCDtlsTransport

logger = logging.getLogger(__name__)


@functools.cache
def guard_rtp() -> None:
    """
    Let every transport drop what it cannot read, and go on.

    aiortc 1.16 takes only ValueError for that; an estimate (REMB) that claims more streams than
    it names, or a header extension that is too short, is a `struct.error` that ends the session.
    """
    transport_class: Any = RTCDtlsTransport
    receive = transport_class._recv_next

    async def receive_or_drop(transport: Any) -> None:
        try:
            await receive(transport)
        except struct.error as error:
            logger.debug('broken packet dropped: %s', error)

    transport_class._recv_next = receive_or_drop
