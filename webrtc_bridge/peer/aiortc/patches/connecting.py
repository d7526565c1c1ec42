"""Patches to how aiortc connects: tasks that it starts and forgets, and certificates."""

import asyncio
import functools
import logging
from collections.abc import Callable
from typing import Any

from aiortc import RTCCertificate, RTCPeerConnection

from webrtc_bridge.errors import printable
from webrtc_bridge.program.cancellation import end

CIPHERS = ':'.join(
    f'ECDHE-{key}-{suite}'
    for suite in ('AES128-GCM-SHA256', 'CHACHA20-POLY1305', 'AES128-SHA', 'AES256-SHA')
    for key in ('ECDSA', 'RSA')
)
"aiortc's cipher suites, each for RSA, too."

logger = logging.getLogger(__name__)


class Connecting:
    """
    Own the tasks that establish `connection`; `on_failed` gets the reason if one fails.

    aiortc starts and forgets them. One that is still running after the connection is closed starts
    to send on it, and never ends; the error of one that fails is never retrieved (as in
    aiortc/aiortc#85).
    """

    def __init__(self, connection: RTCPeerConnection, on_failed: Callable[[str], None]) -> None:
        private: Any = connection
        self._on_failed = on_failed
        self._connect = private._RTCPeerConnection__connect
        self._tasks: set[asyncio.Task[None]] = set()
        private._RTCPeerConnection__connect = self._owned_connect

    async def cancel(self) -> None:
        """Cancel them; call it before the connection is closed."""
        await end(*self._tasks)

    async def _owned_connect(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connect()
        except Exception as error:
            logger.debug('connecting failed', exc_info=error)
            self._on_failed(f'connecting failed: {printable(error)}')
        finally:
            self._tasks.discard(task)


@functools.cache
def accept_rsa_certificates() -> None:
    """
    Let DTLS accept peers whose certificate is RSA, as GStreamer's is.

    aiortc 1.16 offers cipher suites for ECDSA alone. Browsers offer both.
    """
    certificate_class: Any = RTCCertificate
    create = certificate_class._create_ssl_context

    def create_for_both(certificate: Any, srtp_profiles: Any) -> Any:
        context = create(certificate, srtp_profiles)
        context.set_cipher_list(CIPHERS.encode())
        return context

    certificate_class._create_ssl_context = create_for_both
