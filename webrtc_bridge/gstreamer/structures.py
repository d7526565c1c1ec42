"""
Read structures and write buffers, which differs between GStreamer's versions for Python.

Up to 1.24, `get_structure` returns the structure itself. 1.26 returns a wrapper that has none of
its methods and must be entered with `with`, even if there is no structure. From 1.28 on it is the
structure again, which may be entered, too.

Up to 1.24, a buffer's time can be set. From 1.26 on, a buffer that Python refers to besides its
owner refuses it; only from 1.28 on may a probe borrow its owner's reference.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from webrtc_bridge.gstreamer.library import Element, Gst, Structure


def first_structure(caps: Any) -> Structure:
    """Return a copy of what `caps`, which are not empty, say first."""
    return own_copy(caps.get_structure(0))


def event_structure(event: Any) -> Structure | None:
    """Return a copy of what `event` says; None for events that have no structure."""
    return own_copy(event.get_structure())


@contextlib.contextmanager
def borrowed_structure(event: Any) -> Iterator[Structure]:
    """Lend what `event` says, without a copy, for as long as the event is there."""
    found = event.get_structure()
    if hasattr(found, '__enter__'):
        with found as structure:
            yield structure
    else:
        yield found


def own_copy(found: Any) -> Structure | None:
    """Return a copy of what a `get_structure` returned: it outlives what it was taken from."""
    if not hasattr(found, '__enter__'):
        return found.copy() if found is not None else None
    with found as structure:
        return structure.copy() if structure is not None else None


def set_pts(info: Element, pts_ns: int) -> None:
    """Set the time of the buffer of a probe's `info`."""
    if hasattr(info, 'writable_object'):
        with info.writable_object() as buffer:
            buffer.pts = pts_ns
    else:
        # The field as the library declares it, below the override of 1.26.
        field = [kind.__dict__['pts'] for kind in Gst.Buffer.__mro__ if 'pts' in kind.__dict__][-1]
        field.__set__(info.get_buffer(), pts_ns)
