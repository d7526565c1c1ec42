"""Hypothesis at the broker and at what reads its clients' text. The same examples in each run."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from support.signaling.broker_machine import JSON, BrokerMachine
from support.signaling.signaling_samples import CANDIDATE, description

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.protocol.json_text import read_object
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.protocol.wire import (
    parse_from_peer,
    parse_from_server,
    parse_register,
)

SHORT = settings(
    derandomize=True, deadline=None, database=None, max_examples=60, stateful_step_count=30
)
LONG = settings(
    SHORT, derandomize=False, max_examples=1500, suppress_health_check=list(HealthCheck)
)
TEXTS = settings(SHORT, max_examples=200)
MESSAGES: list[dict[str, Any]] = [
    {'type': 'register', 'role': 'sender', 'id': 'front', 'name': 'Front'},
    {'type': 'registered', 'sender_id': 'front', 'protocol': 1, 'ice_servers': []},
    {'type': 'sender', 'sender_id': 'front', 'name': 'Front'},
    {'type': 'request_offer', 'sender_id': 'front', 'session_id': 's'},
    {'type': 'offer', 'receiver_id': 'ros', 'session_id': 's', 'offer': description('offer')},
    {'type': 'answer', 'sender_id': 'front', 'session_id': 's', 'answer': description('answer')},
    {'type': 'candidate', 'sender_id': 'front', 'session_id': 's', 'candidate': CANDIDATE},
    {'type': 'bye', 'receiver_id': 'ros', 'session_id': 's', 'reason': 'enough'},
    {'type': 'error', 'code': 'bad_json', 'message': 'no JSON', 'ref': 'offer'},
]


@st.composite
def spoilt_messages(draw: st.DrawFn) -> str:
    """Return a message with some field's value, or some characters of its text, replaced."""
    message = dict(draw(st.sampled_from(MESSAGES)))
    for field in draw(st.lists(st.sampled_from(sorted(message)), max_size=2)):
        message[field] = draw(JSON)
    text = json.dumps(message)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 5)))
        text = text[:start] + draw(st.text(max_size=5)) + text[end:]
    return text


def check_reader(text: str) -> None:
    """Read `text` in every way that there is; only MessageError may come of it."""
    readers: list[Callable[[str], object]] = [read_object, parse_register]
    readers += [lambda text, role=role: parse_from_peer(text, role).message() for role in Role]
    readers += [lambda text, role=role: parse_from_server(text, role) for role in Role]
    for read in readers:
        refusal = refusal_of(read, text)
        assert refusal.isprintable()
        assert len(refusal) < 400


def refusal_of(read: Callable[[str], object], text: str) -> str:
    try:
        read(text)
    except MessageError as error:
        return error.message
    return ''


def test_no_sequence_of_clients_breaks_the_broker() -> None:
    run_state_machine_as_test(BrokerMachine, settings=SHORT)  # type: ignore[no-untyped-call]


@TEXTS
@given(st.text(max_size=200) | JSON.map(json.dumps) | spoilt_messages())
def test_no_text_breaks_its_readers(text: str) -> None:
    check_reader(text)


@pytest.mark.long
def test_no_sequence_of_clients_breaks_the_broker_for_long() -> None:
    run_state_machine_as_test(BrokerMachine, settings=LONG)  # type: ignore[no-untyped-call]


@pytest.mark.long
@LONG
@given(st.text() | JSON.map(json.dumps) | spoilt_messages())
def test_no_text_breaks_its_readers_for_long(text: str) -> None:
    check_reader(text)
