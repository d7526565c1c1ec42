"""Keep a session alive, and its cost bounded, whose peer sends broken or hostile RTP and RTCP."""

import functools
import logging
import struct
from typing import Any

from aiortc import RTCDtlsTransport
from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RTP_HISTORY_SIZE

MOST_STREAMS = 16
'Streams (SSRCs) of a session that are kept account of; a sender that restarts has a new one.'

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
    _bound_gaps()


def _bound_gaps() -> None:
    """
    Note no more missing packets than are requested.

    aiortc 1.16 notes each number of a gap, up to 32,767, and then forgets all but the newest.
    """
    generator_class: Any = NackGenerator
    add = generator_class.add

    def add_newest(generator: Any, packet: Any) -> bool:
        if generator.max_seq is not None:
            step = (packet.sequence_number - generator.max_seq) & 0xFFFF
            if RTP_HISTORY_SIZE + 1 < step < 0x8000:
                generator.missing.clear()
                generator.max_seq = (packet.sequence_number - RTP_HISTORY_SIZE - 1) & 0xFFFF
        missed: bool = add(generator, packet)
        return missed

    generator_class.add = add_newest


class RecentStreams(dict[int, Any]):
    """
    Whatever is kept for each stream, by SSRC; only of the `MOST_STREAMS` newest.

    Each packet may have another SSRC, for which aiortc keeps statistics until the session ends.
    """

    def __setitem__(self, ssrc: int, value: Any) -> None:
        if ssrc not in self and len(self) >= MOST_STREAMS:
            del self[next(iter(self))]
        super().__setitem__(ssrc, value)


def bound_streams(receiver: Any) -> None:
    """Keep account of no more streams than `MOST_STREAMS` in `receiver`, an RTCRtpReceiver."""
    receiver._RTCRtpReceiver__active_ssrc = RecentStreams(receiver._RTCRtpReceiver__active_ssrc)
    receiver._RTCRtpReceiver__remote_streams = RecentStreams(
        receiver._RTCRtpReceiver__remote_streams
    )
    estimator = receiver._RTCRtpReceiver__remote_bitrate_estimator
    estimator.ssrcs = RecentStreams(estimator.ssrcs)
    router = receiver.transport._rtp_router
    router.ssrc_table = RecentStreams(router.ssrc_table)
