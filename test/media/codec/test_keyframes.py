from webrtc_bridge.media.codec.keyframes import MINIMUM_INTERVAL, KeyframeRequests


def test_no_keyframe_is_due_without_a_request():
    assert not KeyframeRequests().due(0.0)


def test_the_first_request_is_due_at_once():
    keyframes = KeyframeRequests()
    keyframes.request()
    assert keyframes.due(0.0)


def test_a_request_stays_due_until_a_keyframe_was_encoded():
    keyframes = KeyframeRequests()
    keyframes.request()
    assert keyframes.due(1.0)
    assert keyframes.due(2.0)


def test_one_keyframe_answers_all_requests_before_it():
    keyframes = KeyframeRequests()
    for _ in range(5):
        keyframes.request()
    keyframes.encoded(1.0)
    assert not keyframes.due(10.0)


def test_a_request_soon_after_a_keyframe_waits_for_the_interval():
    keyframes = KeyframeRequests()
    keyframes.encoded(1.0)
    keyframes.request()
    assert not keyframes.due(1.0 + MINIMUM_INTERVAL / 2)
    assert keyframes.due(1.0 + MINIMUM_INTERVAL * 1.01)


def test_an_unrequested_keyframe_counts_too():
    keyframes = KeyframeRequests()
    keyframes.request()
    keyframes.encoded(1.0)
    keyframes.request()
    assert not keyframes.due(1.1)
