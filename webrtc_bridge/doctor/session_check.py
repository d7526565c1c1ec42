"""Check a short session with a sender, using the same receiver as everything else."""

import asyncio
import ipaddress
from urllib.parse import urlsplit

from webrtc_bridge.doctor.findings import CheckFailed
from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import DoctorOptions, ReceiverOptions
from webrtc_bridge.program.cancellation import end, within
from webrtc_bridge.receiving.actions import Trouble, TroubleKind
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.receiving.selection import StreamState

FIRST_PICTURE_TIMEOUT = 8.0
'Seconds within which the first picture must arrive.'

WATCH_TIME = 2.0
'Seconds for which pictures are counted after it.'

TIMEOUT = FIRST_PICTURE_TIMEOUT + WATCH_TIME + 3.0


async def watch(options: DoctorOptions, sender_id: str) -> str:
    """Watch `sender_id` for `WATCH_TIME`; return codec, rates and path."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    troubles: list[Trouble] = []

    def on_picture(received: ReceivedFrame) -> None:
        loop.call_soon_threadsafe(arrived.set)

    receiver = Receiver(
        ReceiverOptions(
            options.server_url,
            token_file=options.token_file,
            ca_file=options.ca_file,
            sender_id=sender_id,
            name='doctor',
        ),
        PictureSink(on_picture),
        on_trouble=troubles.append,
    )
    running = asyncio.ensure_future(receiver.run())
    try:
        await within(arrived.wait(), FIRST_PICTURE_TIMEOUT)
        await receiver.report()  # rates are since the previous report
        await asyncio.sleep(WATCH_TIME)
        report = await receiver.report()
    except TimeoutError:
        raise why_no_picture(sender_id, troubles, options.server_url) from None
    finally:
        await end(running)
    if report.state is not StreamState.RECEIVING:
        raise CheckFailed(f'{sender_id} is {report.state}', 'see the log of the sender')
    return (
        f'{sender_id}: {report.codec} {report.width}x{report.height}, {report.fps:.1f} fps, '
        f'{report.bitrate / 1000:.0f} kbit/s, {report.loss:.1%} lost, path {report.path}'
    )


def why_no_picture(sender_id: str, troubles: list[Trouble], server_url: str) -> CheckFailed:
    """Return what is wrong, from the `troubles` of a receiver at `server_url`."""
    if any(trouble.kind is TroubleKind.NO_OFFER for trouble in troubles):
        return CheckFailed(f'{sender_id} makes no offer', 'see its log, or restart it')
    if troubles and troubles[-1].kind is TroubleKind.REFUSED:
        return CheckFailed(f'{sender_id} refuses: {troubles[-1].reason}', 'see its log')
    reason = f' ({troubles[-1].reason})' if troubles else ''
    advice = 'allow UDP between the two machines, or configure a TURN server'
    if is_link_local(server_url):  # no TURN server is reached from there
        advice = 'allow UDP between the two machines, or give both an address by DHCP or by hand'
    return CheckFailed(f'no picture from {sender_id}{reason}', advice)


def is_link_local(server_url: str) -> bool:
    """Return whether a URL has an address of one cable, such as one without DHCP."""
    try:
        return ipaddress.ip_address(urlsplit(server_url).hostname or '').is_link_local
    except ValueError:  # it has a name
        return False
