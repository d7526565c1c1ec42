"""The packets that are sent again."""

from webrtc_bridge.gstreamer.peer.retransmission import BURST, Retransmissions


def test_what_is_lost_now_and_then_is_sent_again_all_of_it():
    again = Retransmissions()
    assert all(again.allows(number % 65536, number % 65536) for number in range(0, 200_000, 10))


def test_a_full_link_is_not_filled_with_it():
    again = Retransmissions()
    allowed = sum(again.allows(lost, 1000 + lost) for lost in range(100) for _ in range(10))
    assert BURST < allowed <= BURST + 100 / 2


def test_nothing_of_before_a_pause_is_sent_again():
    again = Retransmissions()
    again.forget(3)
    assert not again.allows(65_530, 4)
    assert not again.allows(3, 4)
    assert again.allows(4, 4)


def test_a_pause_is_of_no_account_for_what_is_sent_later():
    again = Retransmissions()
    again.forget(3)
    assert all(again.allows(number % 65536, number % 65536) for number in range(10, 200_000, 10))


def test_packets_from_before_a_pause_are_not_sent_again_after_the_numbers_wrapped():
    again = Retransmissions()
    again.note(65_000)
    again.forget(65_400)
    assert not again.allows(65_399, 100)
    assert again.allows(65_401, 100)
    assert again.allows(50, 100)
