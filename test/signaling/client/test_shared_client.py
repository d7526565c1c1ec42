import logging

import pytest

from webrtc_bridge.options import ServerOptions
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.client.shared_client import SharedClient
from webrtc_bridge.signaling.protocol.messages import Message, SenderExit, SenderPresent


def test_a_sender_that_comes_and_goes_is_logged_once_and_all_members_get_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    server = ServerAccess.of(ServerOptions('ws://127.0.0.1:9'))
    client = SharedClient(server, peer_id='', name='')
    got: list[list[Message]] = [[], [], []]
    for messages in got:
        client.join(messages.append, print)
    presence = [SenderPresent('front', 'Front camera'), SenderPresent('rear'), SenderExit('front')]
    for message in presence:
        client.on_message(message)
    assert got == [presence] * 3
    assert caplog.messages == [
        'sender front is available (Front camera)',
        'sender rear is available',
        'sender front left',
    ]
