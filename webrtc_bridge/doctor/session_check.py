"""One short session with a sender, through the receiver that everybody uses."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from webrtc_bridge.doctor.findings import CheckFailed
from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import DoctorOptions, ReceiverOptions
from webrtc_bridge.receiving.delivery import FrameSink
from webrtc_bridge.receiving.receiver import Receiver

FIRST_PICTURE_TIMEOUT = 8.0
WATCH_TIME = 2.0
'Seconds.'

TIMEOUT = FIRST_PICTURE_TIMEOUT + WATCH_TIME + 3.0

LOGS = ('webrtc_bridge.peer.session', 'webrtc_bridge.receiving.receiver')
NO_OFFER = 'made no offer'
ENDED = ' ended: '


async def watch(options: DoctorOptions, sender_id: str) -> str:
    """Watch `sender_id` for `WATCH_TIME`; return by what path, and how many pictures came."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()

    def on_frame(frame: ReceivedFrame) -> None:
        loop.call_soon_threadsafe(came.set)

    receiver = Receiver(
        ReceiverOptions(
            options.server_url,
            token_file=options.token_file,
            ca_file=options.ca_file,
            sender_id=sender_id,
            name='doctor',
        ),
        FrameSink(on_frame),
    )
    with listening_to_the_log() as said:
        running = asyncio.ensure_future(receiver.run())
        try:
            await asyncio.wait_for(came.wait(), FIRST_PICTURE_TIMEOUT)
            await receiver.report()  # rates are since the report before
            await asyncio.sleep(WATCH_TIME)
            report = await receiver.report()
        except TimeoutError:
            raise why_no_picture(sender_id, said) from None
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    if report.state != 'receiving':
        raise CheckFailed(f'{sender_id} is {report.state}', 'see the log of the sender')
    return (
        f'{sender_id}: {report.codec} {report.width}x{report.height}, {report.fps:.1f} pictures '
        f'a second, {report.bitrate / 1000:.0f} kbit/s, {report.loss:.1%} lost, by {report.path}'
    )


def why_no_picture(sender_id: str, said: list[str]) -> CheckFailed:
    """Return what is wrong, from what the log `said`."""
    if any(NO_OFFER in line for line in said):
        return CheckFailed(f'{sender_id} makes no offer', 'see its log, or start it anew')
    ends = [line.partition(ENDED)[2] for line in said if ENDED in line]
    because = f' ({ends[-1]})' if ends else ''
    advice = 'let UDP through between the two, or configure a TURN server'
    return CheckFailed(f'no picture of {sender_id}{because}', advice)


@contextlib.contextmanager
def listening_to_the_log() -> Iterator[list[str]]:
    """Yield what is logged of sessions, whatever the level of the log is."""
    said: list[str] = []

    class Note(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    handler, logs = Note(), [logging.getLogger(name) for name in LOGS]
    before = [(log, log.level, log.propagate) for log in logs]
    for log in logs:
        log.propagate = log.propagate and log.isEnabledFor(logging.INFO)
        log.setLevel(logging.INFO)
        log.addHandler(handler)
    try:
        yield said
    finally:
        for log, level, propagates in before:
            log.removeHandler(handler)
            log.setLevel(level)
            log.propagate = propagates
