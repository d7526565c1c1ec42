import asyncio
import re

import pytest
from support.peers.sdp_samples import CHROMIUM, GSTREAMER

from webrtc_bridge.peer.aiortc.inbound_session import InboundSession
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.publisher_answer import START_BITRATE, for_publisher
from webrtc_bridge.signaling.protocol.messages import Answer, Message, Offer

TRANSPORT_NUMBER = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'


async def answer_to(offer: str) -> str:
    """Return what a receiver answers to `offer`."""
    answers: asyncio.Queue[Message] = asyncio.Queue()
    session = InboundSession('phone', 's1', IceOptions(), answers.put_nowait, print)
    session.receive(Offer('phone', 's1', offer))
    running = asyncio.ensure_future(session.run())
    try:
        message = await asyncio.wait_for(answers.get(), 20)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert isinstance(message, Answer), message
    return message.sdp


def parameters(sdp: str) -> dict[str, str]:
    return dict(re.findall(r'^a=fmtp:(\d+) (.*?)\s*$', sdp, re.MULTILINE))


async def test_a_browser_starts_fast_and_gets_feedback_on_each_packet() -> None:
    answer = await answer_to(CHROMIUM)
    assert f'a=extmap:4 {TRANSPORT_NUMBER}\r\n' in answer
    for payload_type in ('96', '103'):
        assert f'a=rtcp-fb:{payload_type} transport-cc\r\n' in answer
        assert parameters(answer)[payload_type].split(';')[-1] == START_BITRATE
    assert parameters(answer)['96'] == START_BITRATE
    assert 'profile-level-id=42e034' in parameters(answer)['103']
    assert (parameters(answer)['97'], parameters(answer)['104']) == ('apt=96', 'apt=103')


async def test_the_level_is_not_raised_where_it_must_be_the_same() -> None:
    answer = await answer_to(CHROMIUM.replace('level-asymmetry-allowed=1;', ''))
    assert 'profile-level-id=42e01f' in parameters(answer)['103']


@pytest.mark.parametrize(
    'offer',
    [GSTREAMER, CHROMIUM.replace('transport-cc', 'goog-nothing')],
    ids=['another library', 'a libwebrtc without feedback on each packet'],
)
async def test_others_are_told_no_bit_rate(offer: str) -> None:
    answer = await answer_to(offer)
    assert 'transport-cc' not in answer
    assert START_BITRATE not in answer


def test_the_answer_to_another_library_stays_as_it_is() -> None:
    answer = GSTREAMER.replace('sendonly', 'recvonly')
    assert for_publisher(answer, GSTREAMER) == answer


def test_what_is_no_description_stays_as_it_is() -> None:
    assert for_publisher('nonsense\r\na=fmtp\n', CHROMIUM) == 'nonsense\r\na=fmtp\n'
