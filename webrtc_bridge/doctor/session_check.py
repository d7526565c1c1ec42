"""One short session with a sender, through the receiver that everybody uses."""

import asyncio

from webrtc_bridge.doctor.findings import CheckFailed
from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import DoctorOptions, ReceiverOptions
from webrtc_bridge.receiving.actions import Trouble, TroubleKind
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.receiving.selection import StreamState

FIRST_PICTURE_TIMEOUT = 8.0
WATCH_TIME = 2.0
'Seconds.'

TIMEOUT = FIRST_PICTURE_TIMEOUT + WATCH_TIME + 3.0


async def watch(options: DoctorOptions, sender_id: str) -> str:
    """Watch `sender_id` for `WATCH_TIME`; return by what path, and how many pictures came."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    troubles: list[Trouble] = []

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
        PictureSink(on_frame),
        on_trouble=troubles.append,
    )
    running = asyncio.ensure_future(receiver.run())
    try:
        await asyncio.wait_for(came.wait(), FIRST_PICTURE_TIMEOUT)
        await receiver.report()  # rates are since the report before
        await asyncio.sleep(WATCH_TIME)
        report = await receiver.report()
    except TimeoutError:
        raise why_no_picture(sender_id, troubles) from None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if report.state is not StreamState.RECEIVING:
        raise CheckFailed(f'{sender_id} is {report.state}', 'see the log of the sender')
    return (
        f'{sender_id}: {report.codec} {report.width}x{report.height}, {report.fps:.1f} pictures '
        f'a second, {report.bitrate / 1000:.0f} kbit/s, {report.loss:.1%} lost, by {report.path}'
    )


def why_no_picture(sender_id: str, troubles: list[Trouble]) -> CheckFailed:
    """Return what is wrong, from the `troubles` of the receiver."""
    if any(trouble.kind is TroubleKind.NO_OFFER for trouble in troubles):
        return CheckFailed(f'{sender_id} makes no offer', 'see its log, or restart it')
    reason = f' ({troubles[-1].reason})' if troubles else ''
    advice = 'let UDP through between the two, or configure a TURN server'
    return CheckFailed(f'no picture from {sender_id}{reason}', advice)
