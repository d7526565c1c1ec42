import asyncio

import pytest

from webrtc_bridge.media.frames import Codec, EncodedFrame, Encoding, Layer
from webrtc_bridge.media.rtp.broadcast import BACKLOG, Broadcast

DEADLINE = 20.0


class BroadcastHarness:
    """A broadcast that records keyframe requests and unwatched encodings."""

    def __init__(self):
        self.wanted = []
        self.unwatched = []
        self.broadcast = Broadcast(self.wanted.append, self.unwatched.append)
        self.number = 0

    def publish(
        self, *, keyframe=False, codec=Codec.H264, layer=Layer.FULL, bridge=False, high=False
    ):
        self.number += 1
        data = str(self.number).encode()
        frame = EncodedFrame(
            codec, data, keyframe, self.number * 3000, 0, layer=layer, bridge=bridge, high=high
        )
        self.broadcast.publish(frame)
        return data


@pytest.fixture
def harness():
    return BroadcastHarness()


async def taken(subscription, count):
    """Take `count` frames that are queued already."""
    frames = [await asyncio.wait_for(subscription.next(), DEADLINE) for _ in range(count)]
    return [frame.data for frame in frames]


async def test_joining_asks_for_a_keyframe(harness):
    harness.broadcast.subscribe(Codec.VP8)
    assert harness.wanted == [Encoding(Codec.VP8)]


async def test_a_viewer_without_the_high_profile_starts_after_that(harness):
    first = harness.broadcast.subscribe(Codec.H264, accepts_high=True)
    assert harness.broadcast.all_accept_high
    late = harness.broadcast.subscribe(Codec.H264)
    assert not harness.broadcast.all_accept_high
    shown = [harness.publish(keyframe=True, high=True), harness.publish(high=True)]
    shown += [baseline := harness.publish(keyframe=True)]
    assert await taken(late, 1) == [baseline]
    assert await taken(first, 3) == shown
    late.close()
    assert harness.broadcast.all_accept_high


async def test_viewers_of_vp8_have_no_profile(harness):
    harness.broadcast.subscribe(Codec.VP8)
    assert harness.broadcast.all_accept_high


async def test_a_subscription_starts_at_a_keyframe(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    harness.publish()
    keyframe = harness.publish(keyframe=True)
    following = harness.publish()
    assert await taken(subscription, 2) == [keyframe, following]
    assert subscription.dropped == 1


async def test_a_late_subscriber_starts_at_the_next_keyframe_and_the_first_misses_nothing(harness):
    first = harness.broadcast.subscribe(Codec.H264)
    published = [harness.publish(keyframe=True), harness.publish()]
    late = harness.broadcast.subscribe(Codec.H264)
    published += [harness.publish(), harness.publish(keyframe=True), harness.publish()]
    assert await taken(late, 2) == published[-2:]
    assert await taken(first, 5) == published


BRIDGE = Encoding(Codec.H264, bridge=True)


async def test_who_waits_for_a_keyframe_crosses_a_bridge_to_it_and_nobody_else_does(harness):
    first = harness.broadcast.subscribe(Codec.H264)
    published = [harness.publish(keyframe=True)]
    late = harness.broadcast.subscribe(Codec.H264)
    harness.broadcast.bridge(Encoding(Codec.H264))
    assert harness.wanted == [Encoding(Codec.H264)] * 2 + [BRIDGE]
    harness.publish(bridge=True)  # of a bridge that others had: it cannot be decoded
    bridged = [harness.publish(keyframe=True, bridge=True)]
    published.append(harness.publish())
    bridged.append(harness.publish(bridge=True))
    assert harness.unwatched == []
    both = [harness.publish(keyframe=True)]
    assert harness.unwatched == [BRIDGE]
    harness.publish(bridge=True)
    both.append(harness.publish())
    assert await taken(first, 4) == published + both
    assert await taken(late, 4) == bridged + both


async def test_who_lost_the_picture_crosses_it_too_and_may_lose_it_again(harness):
    viewer, other = (harness.broadcast.subscribe(Codec.H264) for _ in range(2))
    harness.publish(keyframe=True)
    await taken(viewer, 1)
    viewer.request_keyframe()
    harness.broadcast.bridge(Encoding(Codec.H264))
    keyframe = harness.publish(keyframe=True, bridge=True)
    assert await taken(viewer, 1) == [keyframe]
    harness.wanted.clear()
    viewer.request_keyframe()
    harness.broadcast.bridge(Encoding(Codec.H264))
    assert harness.wanted == [Encoding(Codec.H264), BRIDGE]
    viewer.close()
    assert harness.unwatched == [BRIDGE]
    assert len(await taken(other, 1)) == 1


async def test_a_change_of_layer_leaves_a_bridge(harness):
    viewer = harness.broadcast.subscribe(Codec.H264)
    harness.broadcast.bridge(Encoding(Codec.H264))
    viewer.change_layer(Layer.SMALL)
    assert BRIDGE in harness.unwatched
    assert viewer.encoding == Encoding(Codec.H264, Layer.SMALL)


async def test_next_waits_for_a_frame(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    waiting = asyncio.ensure_future(subscription.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    published = harness.publish(keyframe=True)
    assert (await asyncio.wait_for(waiting, DEADLINE)).data == published


async def test_frames_of_another_codec_do_not_arrive(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    harness.publish(keyframe=True, codec=Codec.VP8)
    published = harness.publish(keyframe=True)
    assert await taken(subscription, 1) == [published]


async def test_a_slow_subscriber_skips_to_the_next_keyframe_and_asks_for_it(harness):
    slow = harness.broadcast.subscribe(Codec.H264)
    harness.publish(keyframe=True)
    for _ in range(BACKLOG + 3):
        harness.publish()
    assert harness.wanted == [Encoding(Codec.H264)] * 2
    keyframe, following = harness.publish(keyframe=True), harness.publish()
    assert await taken(slow, 2) == [keyframe, following]
    assert slow.dropped == BACKLOG + 4


async def test_a_slow_subscriber_is_not_noticed_by_the_others(harness):
    harness.broadcast.subscribe(Codec.H264)
    quick = harness.broadcast.subscribe(Codec.H264)
    for number in range(3 * BACKLOG):
        published = harness.publish(keyframe=number == 0)
        assert await taken(quick, 1) == [published]
    assert quick.dropped == 0


async def test_what_waits_for_a_subscriber_is_bounded(harness):
    slow = harness.broadcast.subscribe(Codec.H264)
    published = [harness.publish(keyframe=True) for _ in range(10 * BACKLOG)]
    waiting = len(published) - slow.dropped
    assert 0 < waiting <= BACKLOG
    assert await taken(slow, waiting) == published[-waiting:]


async def test_a_lost_picture_asks_for_a_keyframe(harness):
    subscription = harness.broadcast.subscribe(Codec.VP8)
    subscription.request_keyframe()
    assert harness.wanted == [Encoding(Codec.VP8)] * 2


async def test_a_codec_is_encoded_until_its_last_subscriber_leaves(harness):
    first, second = (harness.broadcast.subscribe(Codec.H264) for _ in range(2))
    other = harness.broadcast.subscribe(Codec.VP8)
    first.close()
    assert harness.unwatched == []
    second.close()
    assert harness.unwatched == [Encoding(Codec.H264)]
    other.close()
    assert harness.unwatched == [Encoding(Codec.H264), Encoding(Codec.VP8)]


async def test_leaving_twice_is_leaving_once(harness):
    first, second = (harness.broadcast.subscribe(Codec.H264) for _ in range(2))
    first.close()
    first.close()
    assert harness.unwatched == []
    second.close()
    assert harness.unwatched == [Encoding(Codec.H264)]


async def test_nothing_arrives_after_leaving(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    subscription.close()
    harness.publish(keyframe=True)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(subscription.next(), 0.01)


SMALL = Encoding(Codec.H264, Layer.SMALL)


async def test_a_change_of_layer_happens_at_a_keyframe(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    published = [harness.publish(keyframe=True)]
    subscription.change_layer(Layer.SMALL)
    assert harness.wanted == [Encoding(Codec.H264), SMALL]
    harness.publish(layer=Layer.SMALL)
    published += [harness.publish(), harness.publish(keyframe=True, layer=Layer.SMALL)]
    assert harness.unwatched == [Encoding(Codec.H264)]
    harness.publish()
    published.append(harness.publish(layer=Layer.SMALL))
    assert await taken(subscription, 4) == published
    subscription.change_layer(Layer.FULL)
    published = [harness.publish(layer=Layer.SMALL), harness.publish(keyframe=True)]
    harness.publish(layer=Layer.SMALL)
    assert await taken(subscription, 2) == published
    assert harness.unwatched == [Encoding(Codec.H264), SMALL]
    assert subscription.dropped == 0


async def test_one_viewer_in_the_small_layer_asks_for_no_keyframe_of_the_full_one(harness):
    slow, other = (harness.broadcast.subscribe(Codec.H264) for _ in range(2))
    harness.publish(keyframe=True)
    slow.change_layer(Layer.SMALL)
    harness.publish(keyframe=True, layer=Layer.SMALL)
    harness.wanted.clear()
    slow.request_keyframe()
    for _ in range(BACKLOG + 3):
        harness.publish(layer=Layer.SMALL)
    assert harness.wanted == [SMALL] * 2
    assert other.dropped == 0


async def test_a_viewer_that_changes_back_before_the_keyframe_misses_nothing(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    published = [harness.publish(keyframe=True)]
    subscription.change_layer(Layer.SMALL)
    subscription.change_layer(Layer.FULL)
    assert harness.unwatched == [SMALL]
    harness.publish(keyframe=True, layer=Layer.SMALL)
    published.append(harness.publish())
    assert await taken(subscription, 2) == published


async def test_a_pause_ends_with_a_keyframe_of_the_layer_chosen_meanwhile(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    harness.publish(keyframe=True)
    subscription.pause(0.01)
    assert harness.unwatched == [Encoding(Codec.H264)]
    subscription.change_layer(Layer.SMALL)
    subscription.request_keyframe()
    harness.publish(keyframe=True)
    waiting = asyncio.ensure_future(subscription.next())
    async with asyncio.timeout(DEADLINE):
        while harness.wanted[-1] != SMALL:  # noqa: ASYNC110 (a list has no event)
            await asyncio.sleep(0.001)
    assert harness.wanted == [Encoding(Codec.H264), SMALL]
    assert not waiting.done()
    published = harness.publish(keyframe=True, layer=Layer.SMALL)
    assert (await asyncio.wait_for(waiting, DEADLINE)).data == published


async def test_a_pause_that_has_begun_is_made_shorter(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    harness.publish(keyframe=True)
    subscription.pause(3600)
    subscription.pause(0.01)
    waiting = asyncio.ensure_future(subscription.next())
    async with asyncio.timeout(DEADLINE):
        while len(harness.wanted) < 2:  # noqa: ASYNC110 (a list has no event)
            await asyncio.sleep(0.001)
    published = harness.publish(keyframe=True)
    assert (await asyncio.wait_for(waiting, DEADLINE)).data == published


async def test_a_closed_subscription_neither_pauses_nor_changes(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    subscription.pause(0.001)
    subscription.close()
    subscription.change_layer(Layer.SMALL)
    subscription.pause(0.001)
    await asyncio.sleep(0.01)
    assert harness.wanted == [Encoding(Codec.H264)]


async def test_the_bytes_that_were_sent_are_counted(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    harness.publish()
    published = harness.publish(keyframe=True) + harness.publish()
    assert subscription.sent_bytes == len(published)


async def test_an_idle_subscription_costs_no_encode_and_continues_at_a_keyframe(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    harness.publish(keyframe=True)
    subscription.set_idle(True)
    assert harness.unwatched == [Encoding(Codec.H264)]
    subscription.request_keyframe()
    subscription.set_idle(True)
    harness.publish(keyframe=True)
    assert len(harness.wanted) == 1
    for _ in range(2):
        subscription.set_idle(False)
    assert len(harness.wanted) == 2
    harness.publish()
    keyframe = harness.publish(keyframe=True)
    assert await taken(subscription, 1) == [keyframe]


async def test_a_pause_of_a_subscription_that_is_idle_meanwhile_is_over(harness):
    subscription = harness.broadcast.subscribe(Codec.H264)
    subscription.pause(3600)
    subscription.set_idle(True)
    subscription.pause(3600)
    subscription.change_layer(Layer.SMALL)
    subscription.set_idle(False)
    small = harness.publish(keyframe=True, layer=Layer.SMALL)
    assert await taken(subscription, 1) == [small]
    subscription.close()
    subscription.set_idle(True)
    subscription.set_idle(False)
    assert len(harness.unwatched) == 2


async def test_a_request_of_a_viewer_that_is_gone_starts_no_encoder(harness):
    """Its PLI may be handled after its session has been closed."""
    subscription = harness.broadcast.subscribe(Codec.H264)
    subscription.close()
    assert harness.unwatched == [Encoding(Codec.H264)]
    harness.wanted.clear()
    subscription.request_keyframe()
    assert harness.wanted == []
