"""
Notice subscribers that messages do not reach.

Fast DDS matches them by discovery, which goes by UDP, then sends the messages through shared
memory where both are on one host. A container with a /dev/shm of its own, or a process of another
user, never gets them (measured: 0 of 100 images, against 19 to 29 a second by UDP).
"""

import asyncio
import logging
from collections.abc import Sequence

from webrtc_bridge.nodes.publishing.lazy_publisher import LazyPublisher
from webrtc_bridge.nodes.ros.same_host import uses_fast_dds

INTERVAL = 0.25

WITNESSES = 40
"""
Checks in a row at which something is not acknowledged: 10 s. On one host an image is, within a few
milliseconds and however slow the subscriber's callback is.
"""

logger = logging.getLogger(__name__)


class DeliveryCheck:
    """
    Log once for each topic that a subscriber of it on this host gets nothing.

    Only reliable subscribers can be noticed; others do not acknowledge.
    """

    def __init__(self, publishers: Sequence[LazyPublisher], interval: float = INTERVAL) -> None:
        self._publishers = publishers
        self._interval = interval
        self._failed = dict.fromkeys(publishers, 0)
        self._published = dict.fromkeys(publishers, 0)

    async def run(self) -> None:
        """Check periodically, until cancelled."""
        if not uses_fast_dds():
            return
        while True:
            await asyncio.sleep(self._interval)
            for publisher in self._publishers:
                self._check(publisher)

    def _check(self, publisher: LazyPublisher) -> None:
        before, self._published[publisher] = self._published[publisher], publisher.published
        if publisher.published == before:
            return
        self._failed[publisher] = 0 if publisher.acknowledged else self._failed[publisher] + 1
        if self._failed[publisher] == WITNESSES and publisher.has_local_subscriber:
            logger.warning(
                'a subscriber of %s gets nothing. If it runs in another container or as another '
                'user, start this node with dds_transport:=udp, or the subscriber with '
                'FASTDDS_BUILTIN_TRANSPORTS=UDPv4 in its environment',
                publisher.name,
            )
