"""The order of a session's messages, and the state after each."""

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.broker.session_table import BrokeredSession, NegotiationState, Peer
from webrtc_bridge.signaling.protocol.messages import Answer, Candidate, Offer, Role

_TURNS = {
    Offer.TYPE: (NegotiationState.REQUESTED, NegotiationState.OFFERED),
    Answer.TYPE: (NegotiationState.OFFERED, NegotiationState.ANSWERED),
}
'The states before and after each description.'


def next_state(session: BrokeredSession, peer: Peer, kind: str) -> NegotiationState:
    """
    Return the state after a message from `peer`, which may still turn out to be wrong.

    Raises: MessageError with bad_state.
    """
    state = session.state
    before, after = _TURNS.get(kind, (state, state))
    # Only the sender can have candidates before there is an offer.
    early = kind == Candidate.TYPE and peer.role is Role.RECEIVER
    if state is not before or (early and state is NegotiationState.REQUESTED):
        raise MessageError('bad_state', f'type: {kind} given, the session is {state.value}', kind)
    return after
