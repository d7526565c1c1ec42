"""The pace at which a STUN request without an answer is repeated."""

import functools
from typing import Any

import aioice.stun

INTERVAL, MOST = 0.5, 30
"""
Seconds between two requests, and the number of requests after the first: they end with the time
that a session has to connect.
"""


@functools.cache
def use_constant_stun_retry() -> None:
    """
    Repeat a request every `INTERVAL`, whereas aioice waits twice as long each time.

    A link that comes back while the peers look for a path is then found within half a second, not
    after up to 8 s.
    """
    transaction_class: Any = aioice.stun.Transaction
    retry = transaction_class._Transaction__retry

    def retry_soon(transaction: Any) -> None:
        transaction._Transaction__timeout_delay = INTERVAL
        retry(transaction)

    transaction_class._Transaction__retry = retry_soon
    aioice.stun.RETRY_MAX = MOST
