"""Memory that is free within this process, and of use to others."""

import asyncio
import ctypes

INTERVAL = 60.0
"""
Seconds between two times that it is given back. Packets of many sizes come and go, and glibc keeps
what lies between those that stay: 10 MB more after 25 min in a node that leaked nothing.
"""


async def trim_periodically() -> None:
    """Let the C library give back what is free, again and again; 2 ms each time."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):
        return  # not glibc
    while True:
        await asyncio.sleep(INTERVAL)
        trim(0)
