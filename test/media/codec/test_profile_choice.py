import pytest

from webrtc_bridge.media.codec.profile_choice import CALM, ProfileChoice


@pytest.mark.parametrize(
    ('noted', 'now', 'high'),
    [
        ([], 0, False),
        ([(True, 0)], 0, True),
        ([(False, 0)], 100, False),
        ([(True, 0), (False, 1)], 1, False),
        ([(True, 0), (False, 1), (True, 2)], 2 + CALM - 0.1, False),
        ([(True, 0), (False, 1), (True, 2)], 2 + CALM, True),
        ([(True, 0), (False, 1), (True, 2), (True, 5)], 2 + CALM, True),
        ([(False, 0), (True, 1), (False, 2), (True, 3)], 1 + CALM, False),
    ],
    ids=[
        *('unknown', 'first', 'never', 'one-joins', 'one-has-left', 'calm'),
        *('another-joins-meanwhile', 'it-comes-again'),
    ],
)
def test_the_profile_is_the_best_that_all_viewers_accept(noted, now, high):
    choice = ProfileChoice()
    for all_accept, time in noted:
        choice.note(all_accept, time)
    assert choice.is_high(now) is high
