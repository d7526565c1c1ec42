"""Compute the stages of a frame's way from the instants recorded on it."""

import statistics
from collections.abc import Iterable, Mapping, Sequence

Instant = tuple[str, int, int]
'Name, key and Unix time in nanoseconds; see programs/traced.py.'

STAGES = (
    ('encoding', 'capture'),
    ('encoded', 'encode'),
    ('sent', 'packetise'),
    ('arrived', 'network'),
    ('assembled', 'assemble'),
    ('decoded', 'decode'),
    ('publishing', 'convert'),
    ('published', 'publish'),
    ('received', 'DDS'),
)
'Instants in their order, and the stage that ends with each.'


def ways(
    sender: Sequence[Instant],
    receiver: Sequence[Instant],
    subscriber: Iterable[tuple[int, int | None]],
) -> list[dict[str, int]]:
    """
    Return the instants, including `captured`, of each frame that reached a subscriber.

    `subscriber` has the times of arrival and of capture.
    """
    timestamps = timestamps_of_captures(sender)
    of_capture = by_key(sender, ('encoding', 'encoded'))
    of_timestamp = by_key([*sender, *receiver], [name for name, _ in STAGES])
    received: dict[int, int] = {}
    for arrival_ns, capture_ns in subscriber:
        if capture_ns is not None:
            received.setdefault(capture_ns, arrival_ns)
    return [
        {
            'captured': capture_ns,
            **of_timestamp.get(timestamps[capture_ns], {}),
            **of_capture[capture_ns],
            'received': arrival_ns,
        }
        for capture_ns, arrival_ns in received.items()
        if capture_ns in timestamps
    ]


def by_key(instants: Iterable[Instant], names: Iterable[str]) -> dict[int, dict[str, int]]:
    """Return the instants of `names` by key; the last one if a name occurs repeatedly."""
    wanted = set(names)
    found: dict[int, dict[str, int]] = {}
    for name, key, at in instants:
        if name in wanted:
            found.setdefault(key, {})[name] = at
    return found


def timestamps_of_captures(sender: Iterable[Instant]) -> dict[int, int]:
    """Return the RTP timestamp of each captured frame: that of the first packet after it."""
    found: dict[int, int] = {}
    waiting: int | None = None
    for name, key, _ in sorted(sender, key=lambda instant: instant[2]):
        if name == 'encoded':
            waiting = key
        elif name == 'sent' and waiting is not None:
            found[waiting] = key
            waiting = None
    return found


def stages(ways: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """
    Return the median of each stage in ms, in order.

    If no frame has an instant, the two stages around it become one.
    """
    took: dict[str, float] = {}
    before, names = 'captured', []
    for instant, name in STAGES:
        names.append(name)
        times = [way[instant] - way[before] for way in ways if {instant, before} <= set(way)]
        if times:
            took[' + '.join(names)] = statistics.median(times) / 1e6
            before, names = instant, []
    return took
