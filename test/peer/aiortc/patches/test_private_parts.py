"""A library whose private parts have other names is reported before the first session."""

from collections.abc import Iterator
from importlib import metadata

import pytest

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import EncoderOptions, ReceiverOptions, SenderOptions
from webrtc_bridge.peer.aiortc.patches import private_parts
from webrtc_bridge.peer.aiortc.patches.private_parts import missing_parts, require_private_parts
from webrtc_bridge.program.requirements import VERSIONS, fits
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.sending.sender import Sender

RENAMED = '_RTCRtpReceiver__jitter_buffer_of_1_16_9'


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    missing_parts.cache_clear()
    yield
    missing_parts.cache_clear()


@pytest.fixture
def renamed(monkeypatch: pytest.MonkeyPatch) -> str:
    """Need a part that no release has, as if it was renamed; return the line that says so."""
    parts = (*private_parts.RECEIVER_PARTS, RENAMED)
    monkeypatch.setattr(private_parts, 'RECEIVER_PARTS', parts)
    return f'aiortc {metadata.version("aiortc")} without RTCRtpReceiver.{RENAMED} found'


async def test_the_installed_versions_have_all() -> None:
    require_private_parts()


async def test_one_that_is_missing_is_named_with_what_to_install(renamed: str) -> None:
    with pytest.raises(RequirementError) as caught:
        require_private_parts()
    text = str(caught.value)
    assert text.startswith(f"{renamed}: pip install 'aiortc==1.16.0' 'aioice==0.13.0' ")
    assert '\n' not in text


async def test_a_receiver_and_a_sender_do_not_start_without_it(renamed: str) -> None:
    receiver = Receiver(ReceiverOptions('ws://127.0.0.1:9'), PictureSink(print))
    with pytest.raises(RequirementError, match=RENAMED):
        await receiver.run()
    frames: Latest[CapturedFrame] = Latest()
    sender = Sender(SenderOptions('ws://127.0.0.1:9'), EncoderOptions(), frames, 30.0)
    with pytest.raises(RequirementError, match=RENAMED):
        await sender.run()


@pytest.mark.parametrize('library', ['aiortc', 'aioice'])
def test_what_is_to_be_installed_is_a_version_that_fits(library: str) -> None:
    assert fits(private_parts.WRITTEN_FOR[library], VERSIONS[library])
