import pytest

from webrtc_bridge.gstreamer.peer.gate import Passage

OWN, BRIDGE = False, True


def passed(passage, *frames):
    """Return which of these (keyframe, bridge, time) go to the viewer."""
    return [passage.lets(*frame) for frame in frames]


def test_a_viewer_that_waits_gets_nothing_before_the_keyframe():
    passage = Passage(in_sync=False)
    assert passed(passage, (False, OWN, 1), (True, OWN, 2), (False, OWN, 3)) == [False, True, True]
    assert passage.done


def test_a_bridge_starts_at_its_own_keyframe_and_ends_at_that_of_the_source():
    passage = Passage(in_sync=False)
    passage.cross()
    assert passed(passage, (False, BRIDGE, 1), (False, OWN, 2)) == [False, False]
    assert passed(passage, (True, BRIDGE, 2), (False, OWN, 3), (False, BRIDGE, 3)) == [
        True,
        False,
        True,
    ]
    assert not passage.done
    assert passed(passage, (True, OWN, 5), (False, BRIDGE, 4), (True, BRIDGE, 5)) == [
        True,
        False,
        False,
    ]
    assert passage.done


def test_who_lost_the_picture_gets_the_source_until_it_crosses_and_only_newer_pictures_then():
    passage = Passage(in_sync=True)
    assert passed(passage, (False, OWN, 7), (True, BRIDGE, 6)) == [True, False]
    passage.cross()
    assert passed(passage, (False, OWN, 8), (True, BRIDGE, 6)) == [False, False]
    assert passage.too_early
    assert passed(passage, (False, BRIDGE, 8), (True, BRIDGE, 9)) == [False, True]
    assert not passage.too_early


@pytest.mark.parametrize('in_sync', [False, True])
def test_the_keyframe_of_the_source_ends_it_at_once(in_sync):
    passage = Passage(in_sync)
    assert passage.flows == in_sync
    assert passed(passage, (True, OWN, 1), (True, BRIDGE, 2)) == [True, False]
    assert passage.done
    assert passage.flows
