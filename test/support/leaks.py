"""Tasks, threads and files that a test may leave behind in its own process."""

import asyncio
import os
import threading


def open_sockets():
    links = []
    for descriptor in os.listdir('/proc/self/fd'):
        try:
            links.append(os.readlink(f'/proc/self/fd/{descriptor}'))
        except FileNotFoundError:
            continue  # the listing's own
    return {link for link in links if link.startswith('socket:')}


def other_tasks():
    return asyncio.all_tasks() - {asyncio.current_task()}


def threads():
    # asyncio's own pool ends with the loop.
    return {t for t in threading.enumerate() if not t.name.startswith('asyncio_')}
