"""The order of a session's messages, and the state after each."""

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.broker.session_table import BrokeredSession, NegotiationState, Peer
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Candidate,
    Offer,
    Role,
    SessionMessage,
)
from webrtc_bridge.signaling.protocol.session_description import count_candidates


def next_state(
    session: BrokeredSession, peer: Peer, message: SessionMessage, max_candidates: int
) -> NegotiationState:
    """
    Return the state after `message` from `peer`, having counted its candidates.

    Raises: MessageError with bad_state or too_many; the session is as it was.
    """
    state = session.state
    if isinstance(message, Offer):
        _expect(state is NegotiationState.REQUESTED, state, message)
        _count(session, peer, count_candidates(message.sdp), max_candidates, message)
        return NegotiationState.OFFERED
    if isinstance(message, Answer):
        _expect(state is NegotiationState.OFFERED, state, message)
        _count(session, peer, count_candidates(message.sdp), max_candidates, message)
        return NegotiationState.ANSWERED
    if isinstance(message, Candidate):
        # Only the sender can have candidates before there is an offer.
        early = peer.role is Role.RECEIVER and state is NegotiationState.REQUESTED
        _expect(not early, state, message)
        _count(session, peer, 1 if message.candidate else 0, max_candidates, message)
    return state


def _expect(holds: bool, state: NegotiationState, message: SessionMessage) -> None:
    if not holds:
        text = f'type: {message.TYPE} given, the session is {state.value}'
        raise MessageError('bad_state', text, message.TYPE)


def _count(
    session: BrokeredSession, peer: Peer, more: int, allowed: int, message: SessionMessage
) -> None:
    if session.candidates[peer.role] + more > allowed:
        text = f'candidate: more than {allowed} from one side of a session'
        raise MessageError('too_many', text, message.TYPE)
    session.candidates[peer.role] += more
