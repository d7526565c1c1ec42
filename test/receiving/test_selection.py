"""The receiver's decisions, event by event, and a state machine that tries everything else."""

import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from support.receiving.selection_machine import SelectionMachine

from webrtc_bridge.receiving.actions import (
    Action,
    Adopt,
    End,
    Open,
    Reject,
    Request,
    Resume,
    SwitchFailed,
    Trouble,
    TroubleKind,
)
from webrtc_bridge.receiving.selection import (
    OFFER_TIMEOUT,
    PATIENCE,
    RETRY_DELAYS,
    SWITCH_TIMEOUT,
    Liveness,
    Selection,
    StreamState,
)
from webrtc_bridge.signaling.protocol.messages import Offer

SHORT = settings(
    derandomize=True, deadline=None, database=None, max_examples=300, stateful_step_count=30
)
LONG = settings(
    SHORT, derandomize=False, max_examples=5000, suppress_health_check=list(HealthCheck)
)
FRONT, REAR = (Offer(sender_id, f'of {sender_id}', 'v=0') for sender_id in ('front', 'rear'))


def selection_of(wanted: str, *senders: str, jitter: float = 0.0) -> Selection:
    """Return a selection at time 0, with these senders registered."""
    selection = Selection(wanted, lambda: jitter)
    selection.connected()
    for sender_id in senders:
        assert selection.sender_present(sender_id, '', 0.0) == []
    return selection


def receiving(wanted: str, *senders: str) -> Selection:
    """Return a selection that receives stream 1, of front, at time 0."""
    selection = selection_of(wanted, *senders)
    assert selection.tick(0.0) == [Request('front')]
    assert selection.offer(FRONT) == [Open(1, FRONT)]
    assert selection.first_picture(1, 0.0) == [Adopt(1)]
    assert (selection.state, selection.deadline) == (StreamState.RECEIVING, None)
    return selection


def next_request(selection: Selection) -> tuple[float, list[Action]]:
    """Return when the selection is due, and what it does then."""
    assert selection.deadline is not None
    due = selection.deadline
    return due, selection.tick(due)


def test_the_wanted_sender_is_asked_at_once_and_no_other() -> None:
    selection = selection_of('rear', 'front')
    assert (selection.state, selection.deadline) == (StreamState.WAITING, None)
    assert selection.sender_id == 'rear'
    selection.sender_present('rear', 'Rear camera', 3.0)
    assert selection.state is StreamState.CONNECTING
    assert next_request(selection) == (3.0, [Request('rear')])
    assert selection.senders == {'front': '', 'rear': 'Rear camera'}


def test_an_empty_id_takes_the_first_sender() -> None:
    selection = selection_of('', 'front', 'rear')
    assert next_request(selection) == (0.0, [Request('front')])
    assert selection.sender_id == 'front'


def test_the_first_picture_makes_a_stream_the_current_one() -> None:
    selection = selection_of('front', 'front')
    selection.tick(0.0)
    assert selection.offer(FRONT) == [Open(1, FRONT)]
    assert (selection.state, selection.current) == (StreamState.CONNECTING, None)
    assert selection.first_picture(1, 1.0) == [Adopt(1)]
    assert (selection.state, selection.current) == (StreamState.RECEIVING, 1)


@pytest.mark.parametrize('offer', [REAR, FRONT], ids=['of another', 'a second one'])
def test_an_offer_that_was_not_asked_for_is_rejected(offer: Offer) -> None:
    selection = selection_of('front', 'front', 'rear')
    selection.tick(0.0)
    if offer is FRONT:
        selection.offer(FRONT)
    assert selection.offer(offer) == [Reject(offer)]


def test_who_makes_no_offer_is_asked_again_at_longer_intervals() -> None:
    selection = selection_of('front', 'front')
    at = 0.0
    for delay in (*RETRY_DELAYS, RETRY_DELAYS[-1]):
        assert next_request(selection) == (pytest.approx(at + delay), [Request('front')])
        at, actions = next_request(selection)
        trouble = Trouble(TroubleKind.NO_OFFER, 'front', 'no offer within 5 s')
        assert actions == [trouble]
    assert at == pytest.approx(sum(RETRY_DELAYS) + RETRY_DELAYS[-1] + 6 * OFFER_TIMEOUT)


def test_delays_are_cut_by_up_to_half_at_random() -> None:
    chance = random.Random(1)
    due = set()
    for _ in range(50):
        selection = Selection('front', chance.random)
        selection.sender_present('front', '', 0.0)
        selection.tick(0.0)
        selection.tick(OFFER_TIMEOUT)
        due.add(selection.deadline)
    assert len(due) == 50
    assert all(0.15 < at - OFFER_TIMEOUT <= 0.3 for at in due if at is not None)


def test_a_sender_that_registers_again_is_asked_again_at_once() -> None:
    selection = selection_of('front', 'front')
    selection.tick(0.0)
    selection.tick(OFFER_TIMEOUT)
    selection.sender_present('front', '', 5.1)
    assert next_request(selection) == (5.1, [Request('front')])


def test_a_restarted_server_is_asked_again_once_it_lists_the_sender() -> None:
    selection = selection_of('front', 'front')
    selection.tick(0.0)
    assert selection.connected() == []
    assert (selection.senders, selection.deadline) == ({}, None)
    assert selection.state is StreamState.WAITING
    assert selection.offer(FRONT) == [Reject(FRONT)]
    selection.sender_present('front', '', 2.0)
    assert next_request(selection) == (2.0, [Request('front')])


def test_a_sender_that_leaves_is_not_asked_until_it_is_back() -> None:
    selection = selection_of('front', 'front')
    selection.tick(0.0)
    selection.sender_exit('front', 1.0)
    assert (selection.state, selection.deadline) == (StreamState.WAITING, None)
    selection.sender_present('front', '', 2.0)
    assert next_request(selection) == (2.0, [Request('front')])


@pytest.mark.parametrize('wanted', ['front', ''])
def test_a_sender_that_left_before_its_first_picture_is_asked_again_when_it_is_back(
    wanted: str,
) -> None:
    """It had offered a session when it was stopped, and never got the answer: 15 s were lost."""
    selection = selection_of(wanted, 'front')
    assert selection.tick(0.0) == [Request('front')]
    assert selection.offer(FRONT) == [Open(1, FRONT)]
    selection.sender_exit('front', 1.0)
    assert selection.deadline is None
    selection.sender_present('front', '', 2.0)
    assert next_request(selection) == (2.0, [Request('front')])
    assert selection.offer(FRONT) == [
        End(1, 'the receiver follows another sender'),
        Open(2, FRONT),
    ]
    assert selection.deadline is None


def test_a_sender_that_left_before_its_first_picture_may_show_it_nevertheless() -> None:
    selection = selection_of('front', 'front')
    assert selection.tick(0.0) == [Request('front')]
    assert selection.offer(FRONT) == [Open(1, FRONT)]
    selection.sender_exit('front', 1.0)
    assert selection.first_picture(1, 1.5) == [Adopt(1)]
    selection.sender_present('front', '', 2.0)
    assert selection.deadline is None


def test_with_an_empty_id_another_is_asked_when_the_first_leaves_before_its_picture() -> None:
    selection = selection_of('', 'front')
    assert selection.tick(0.0) == [Request('front')]
    assert selection.offer(FRONT) == [Open(1, FRONT)]
    selection.sender_exit('front', 1.0)
    selection.sender_present('rear', '', 2.0)
    assert next_request(selection) == (2.0, [Request('rear')])


def test_with_an_empty_id_the_next_one_is_asked_when_the_first_leaves_before_its_offer() -> None:
    selection = selection_of('', 'front', 'rear')
    selection.tick(0.0)
    selection.sender_exit('front', 1.0)
    selection.tick(2.0)
    assert selection.offer(REAR) == [Open(1, REAR)]


@pytest.mark.parametrize('wanted', ['front', ''])
def test_video_outlives_the_signaling_of_its_sender_and_of_the_server(wanted: str) -> None:
    selection = receiving(wanted, 'front', 'rear')
    selection.sender_exit('front', 1.0)
    selection.connected()
    for sender_id in ('rear', 'front'):
        selection.sender_present(sender_id, '', 2.0)
        assert (selection.sender_id, selection.deadline) == ('front', None)
    assert selection.state is StreamState.RECEIVING


def test_a_stream_that_ends_is_asked_for_again() -> None:
    selection = receiving('front', 'front')
    ended = Trouble(TroubleKind.SESSION_ENDED, 'front', 'the peer said bye (no reason)')
    assert selection.stream_ended(1, ended.reason, 9.0) == [ended]
    assert selection.state is StreamState.CONNECTING
    assert next_request(selection) == (9.0, [Request('front')])
    selection.offer(FRONT)
    assert selection.stream_ended(2, ended.reason, 10.0) == [ended]
    assert next_request(selection) == (10.3, [Request('front')])


def test_a_switch_keeps_the_old_stream_until_the_first_picture_of_the_new_one() -> None:
    selection = receiving('front', 'front', 'rear')
    assert selection.follow('rear', 10.0) == []
    assert next_request(selection) == (10.0, [Request('rear')])
    assert selection.offer(REAR) == [Open(2, REAR)]
    assert (selection.state, selection.current) == (StreamState.RECEIVING, 1)
    assert selection.first_picture(2, 11.0) == [Adopt(2), End(1, 'switched to rear')]
    assert (selection.current, selection.deadline) == (2, None)
    assert selection.stream_ended(1, 'switched to rear', 11.1) == []


@pytest.mark.parametrize('registered', [True, False])
def test_a_sender_that_shows_nothing_is_given_up(registered: bool) -> None:
    selection = receiving('front', 'front', *['rear'] * registered)
    selection.follow('rear', 10.0)
    if registered:
        selection.tick(10.0)
        selection.offer(REAR)
    assert selection.deadline == 10.0 + SWITCH_TIMEOUT
    ends = [End(2, 'the receiver follows another sender')] if registered else []
    failed = SwitchFailed('rear', 'front')
    assert selection.tick(10.0 + SWITCH_TIMEOUT) == [*ends, failed]
    assert (selection.sender_id, selection.deadline) == ('front', None)


def test_a_switch_is_not_given_up_with_nothing_to_go_back_to() -> None:
    selection = receiving('front', 'front')
    selection.follow('rear', 10.0)
    selection.stream_ended(1, 'no reason', 11.0)
    assert selection.tick(10.0 + SWITCH_TIMEOUT) == []
    assert (selection.sender_id, selection.state) == ('rear', StreamState.WAITING)


def test_of_two_switches_the_last_one_counts() -> None:
    selection = receiving('front', 'front', 'rear')
    selection.follow('rear', 10.0)
    selection.tick(10.0)
    selection.offer(REAR)
    assert selection.follow('front', 10.5) == [End(2, 'the receiver follows another sender')]
    assert selection.deadline is None
    assert selection.follow('front', 10.6) == []


def test_a_switch_that_is_taken_back_in_time_asks_nobody() -> None:
    selection = receiving('front', 'front', 'rear')
    selection.follow('rear', 10.0)
    selection.follow('front', 10.0)
    assert (selection.deadline, selection.tick(10.0)) == (None, [])


def test_a_picture_of_a_stream_that_was_ended_does_not_stop_the_current_one() -> None:
    selection = receiving('front', 'front', 'rear')
    selection.follow('rear', 10.0)
    selection.tick(10.0)
    selection.offer(REAR)
    selection.follow('front', 10.5)
    assert selection.first_picture(2, 10.5) == [Resume(1)]
    assert selection.current == 1


def test_a_picture_of_a_stream_that_has_ended_itself_does_not_stop_the_current_one() -> None:
    """Its decoder had handed on the picture; the event loop hears of it after the end."""
    selection = receiving('front', 'front', 'rear')
    selection.follow('rear', 10.0)
    selection.tick(10.0)
    selection.offer(REAR)
    selection.stream_ended(2, 'the peer said bye', 10.5)
    assert selection.first_picture(2, 10.5) == [Resume(1)]
    assert selection.current == 1


def test_a_sender_that_refuses_is_asked_again_later_and_its_reason_is_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    selection = selection_of('front', 'front')
    assert selection.refused('front', 'too early', 0.0) == []
    assert selection.tick(0.0) == [Request('front')]
    assert selection.refused('rear', 'another', 0.1) == []
    trouble = Trouble(TroubleKind.REFUSED, 'front', 'all 64 sessions are in use')
    assert selection.refused('front', 'all 64 sessions are in use', 0.1) == [trouble]
    assert 'front refused: all 64 sessions are in use' in caplog.text
    assert next_request(selection) == (0.1 + RETRY_DELAYS[1], [Request('front')])


def test_following_nobody_in_particular_stays() -> None:
    selection = receiving('front', 'rear', 'front')
    assert selection.follow('', 10.0) == []
    assert (selection.sender_id, selection.deadline) == ('front', None)


def test_a_stale_stream_is_asked_for_again_and_goes_on_until_the_new_one_shows() -> None:
    selection = receiving('front', 'front')
    assert selection.liveness(1, Liveness.NOTHING, 10.0) == []
    assert selection.state is StreamState.STALE
    assert next_request(selection) == (10.0, [Request('front')])
    selection.offer(FRONT)
    assert selection.first_picture(2, 11.0) == [Adopt(2), End(1, 'switched to front')]
    assert selection.state is StreamState.RECEIVING


def test_a_sender_without_a_first_picture_is_asked_for_nothing_more() -> None:
    selection = selection_of('front', 'front')
    selection.tick(0.0)
    assert selection.offer(FRONT) == [Open(1, FRONT)]
    for now in (2.0, 4.0, 60.0):
        assert selection.liveness(1, Liveness.WAITING, now) == []
    assert (selection.state, selection.deadline) == (StreamState.CONNECTING, None)


def test_a_sender_whose_reports_come_is_given_time_to_find_its_camera() -> None:
    selection = receiving('front', 'front')
    selection.liveness(1, Liveness.ONLY_REPORTS, 10.0)
    selection.liveness(1, Liveness.ONLY_REPORTS, 9.9 + PATIENCE)
    assert (selection.state, selection.deadline) == (StreamState.STALE, None)
    selection.liveness(1, Liveness.ONLY_REPORTS, 10.0 + PATIENCE)
    assert next_request(selection) == (20.0, [Request('front')])


def test_frames_that_come_again_end_the_silence() -> None:
    selection = receiving('front', 'front')
    selection.liveness(1, Liveness.ONLY_REPORTS, 10.0)
    selection.liveness(1, Liveness.FRAMES, 15.0)
    assert selection.state is StreamState.RECEIVING
    selection.liveness(1, Liveness.ONLY_REPORTS, 10.0 + PATIENCE)
    assert (selection.state, selection.deadline) == (StreamState.STALE, None)


def test_with_an_empty_id_another_sender_is_taken_when_the_first_is_gone() -> None:
    selection = receiving('', 'front', 'rear')
    selection.sender_exit('front', 9.0)
    selection.liveness(1, Liveness.NOTHING, 10.0)
    assert next_request(selection) == (10.0, [Request('rear')])


def test_a_sender_that_is_back_takes_the_place_of_the_one_that_was_to_replace_it() -> None:
    selection = receiving('', 'front', 'rear')
    selection.sender_exit('front', 9.0)
    selection.liveness(1, Liveness.NOTHING, 10.0)
    selection.tick(10.0)
    selection.offer(REAR)
    selection.sender_present('front', '', 11.0)
    assert next_request(selection) == (11.0, [Request('front')])
    left = End(2, 'the receiver follows another sender')
    assert selection.offer(FRONT) == [left, Open(3, FRONT)]


@pytest.mark.parametrize('serial', [0, 7])
def test_nothing_is_done_for_a_stream_that_is_not_known(serial: int) -> None:
    selection = receiving('front', 'front')
    assert selection.stream_ended(serial, 'over', 1.0) == []
    assert selection.liveness(serial, Liveness.NOTHING, 1.0) == []
    assert (selection.state, selection.deadline) == (StreamState.RECEIVING, None)


def test_no_sequence_of_events_breaks_the_selection() -> None:
    run_state_machine_as_test(SelectionMachine, settings=SHORT)  # type: ignore[no-untyped-call]


@pytest.mark.long
def test_no_sequence_of_events_breaks_the_selection_for_long() -> None:
    run_state_machine_as_test(SelectionMachine, settings=LONG)  # type: ignore[no-untyped-call]
