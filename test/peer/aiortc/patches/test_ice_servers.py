"""Servers as aioice takes them, and its errors in words."""

import socket
import ssl

import pytest
from aioice import stun

from webrtc_bridge.peer.aiortc.patches.ice_servers import reason_of, usable_servers
from webrtc_bridge.signaling.protocol.messages import IceServer

LOGIN = {'username': 'u', 'credential': 'secret'}


def failure(code, phrase):
    response = stun.Message(stun.Method.ALLOCATE, stun.Class.ERROR)
    response.attributes['ERROR-CODE'] = (code, phrase)
    return stun.TransactionFailed(response)


@pytest.mark.parametrize(
    ('error', 'words'),
    [
        (failure(401, 'Unauthorized'), 'login refused (401 Unauthorized)'),
        (failure(486, 'Allocation Quota Reached'), 'refused (486 Allocation Quota Reached)'),
        (stun.TransactionTimeout(), 'no answer'),
        (socket.gaierror(-2, 'Name or service not known'), 'no such host'),
        (ConnectionRefusedError(111, "Connect call failed ('::1', 1)"), 'connection refused'),
        (ssl.SSLCertVerificationError(1, 'self-signed'), 'no TLS: '),
        (KeyError('XOR-MAPPED-ADDRESS'), "KeyError('XOR-MAPPED-ADDRESS')"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_reason_is_in_words(error, words):
    assert words in reason_of(error)


def test_passwords_are_not_shown():
    servers = usable_servers([IceServer(('turn:host',), **LOGIN)])
    assert 'secret' not in repr(servers)


def test_what_is_left_out_is_named_without_its_password(caplog):
    assert usable_servers([IceServer(('turn:user:secret@host:3478',))]) == []
    assert 'ignored' in caplog.text
    assert 'secret' not in caplog.text
