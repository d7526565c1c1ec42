"""
Notice subscribers that messages do not reach.

Fast DDS matches them by discovery, which goes by UDP, then sends the messages through shared
memory where both are on one host. A container with a /dev/shm of its own, or a process of another
user, never gets them (measured: 0 of 100 images, against 19 to 29 a second by UDP).
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from webrtc_bridge.nodes.publishing.announcements import Announcements, listening
from webrtc_bridge.nodes.publishing.lazy_publisher import LazyPublisher
from webrtc_bridge.nodes.ros.same_host import uses_fast_dds
from webrtc_bridge.nodes.ros.shared_memory import is_reached
from webrtc_bridge.program.cancellation import within

INTERVAL = 0.25

WITNESSES = 40
"""
Checks in a row at which something is not acknowledged: 10 s. On one host an image is, within a few
milliseconds and however slow the subscriber's callback is.
"""

LISTENING_TIME = 10.0
'Seconds in which a participant announces itself; Fast DDS does each 3 s.'

logger = logging.getLogger(__name__)


class DeliveryCheck:
    """
    Log once for each topic that a subscriber of it on this host gets nothing.

    Reliable subscribers are noticed by what they do not acknowledge, and all of them by where they
    say that they receive: in a shared memory that is not this process's.
    """

    def __init__(
        self, publishers: Sequence[LazyPublisher], domain: int, interval: float = INTERVAL
    ) -> None:
        self._publishers = publishers
        self._domain = domain
        self._interval = interval
        self._failed = dict.fromkeys(publishers, 0)
        self._published = dict.fromkeys(publishers, 0)
        self._subscribers = dict.fromkeys(publishers, 0)
        self._logged: set[LazyPublisher] = set()

    async def run(self) -> None:
        """Check periodically, until cancelled."""
        if uses_fast_dds():
            await asyncio.gather(self._watch_acknowledgements(), self._watch_newcomers())

    async def _watch_acknowledgements(self) -> None:
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
            self._log(publisher)

    async def _watch_newcomers(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            before = self._subscribers
            self._subscribers = {each: each.subscribers for each in self._publishers}
            if any(self._subscribers[each] > before[each] for each in self._publishers):
                with contextlib.suppress(OSError):  # no multicast here
                    await self.judge()

    async def judge(self) -> None:
        """Log the topics of which a subscriber says that it receives where this does not send."""
        async with listening(self._domain) as heard:
            with contextlib.suppress(TimeoutError):
                await within(self._all_known(heard), LISTENING_TIME)
            ports = {known.prefix: known.shared_memory_port for known in heard.participants}
        if ports.get(self._publishers[0].participant) is None:
            return  # UDP alone, which reaches all
        for publisher in self._publishers:
            theirs = [ports.get(each) for each in publisher.local_participants]
            if any(port is not None and not is_reached(port) for port in theirs):
                self._log(publisher)

    async def _all_known(self, heard: Announcements) -> None:
        """Wait until this node and all local subscribers have announced themselves."""
        while True:
            subscribers = (each.local_participants for each in self._publishers)
            wanted = {self._publishers[0].participant}.union(*subscribers)
            if wanted <= {known.prefix for known in heard.participants}:
                return
            await heard.next()

    def _log(self, publisher: LazyPublisher) -> None:
        if publisher in self._logged:
            return
        self._logged.add(publisher)
        logger.warning(
            'a subscriber of %s gets nothing. If it runs in another container or as another '
            'user, start this node with dds_transport:=udp, or the subscriber with '
            'FASTDDS_BUILTIN_TRANSPORTS=UDPv4 in its environment',
            publisher.name,
        )
