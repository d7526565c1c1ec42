"""How often a STUN request that has no answer is sent again."""

import functools
from typing import Any

import aioice.stun

INTERVAL, MOST = 0.5, 30
"""
Seconds between two requests, and how many there are after the first: they end with the time that a
session has to connect.
"""


@functools.cache
def use_constant_stun_retry() -> None:
    """
    Send a request again every `INTERVAL`, where aioice waits twice as long each time.

    A link that comes back while peers look for a path is then found in half a second, not after
    up to 8.
    """
    transaction_class: Any = aioice.stun.Transaction
    retry = transaction_class._Transaction__retry

    def retry_soon(transaction: Any) -> None:
        transaction._Transaction__timeout_delay = INTERVAL
        retry(transaction)

    transaction_class._Transaction__retry = retry_soon
    aioice.stun.RETRY_MAX = MOST
