"""Image topics as senders."""

from support.media.raw_images import image_of
from support.ros.sending_node import picture_of, sending_node, until
from support.ros.topic_publisher import TopicPublisher


async def test_it_switches_to_another_topic_and_refuses_an_invalid_name():
    front = image_of('rgb8', (320, 240))
    rear = image_of('mono8', (160, 120))
    async with sending_node() as node, node.viewer() as viewer:
        with TopicPublisher() as first, TopicPublisher('rear/image') as second:
            await picture_of(viewer, lambda stamp: first.publish(front, stamp))
            assert 'a valid ROS topic name' in await node.set(topic='9x')
            assert 'as many topics as at the start (1)' in await node.set(topics=['a', 'b'])
            assert await node.set(topic='rear/image') == ''
            picture = await picture_of(viewer, lambda stamp: second.publish(rear, stamp))
            assert picture.shape == (120, 160, 3)
            await until(lambda: first.subscribers == 0)


async def test_two_topics_are_two_senders():
    parameters = ('topics:=[front/image, rear/image]', 'sender_ids:=[front, rear]', 'name:=Rover')
    async with sending_node(*parameters) as node:
        with TopicPublisher('front/image') as first, TopicPublisher('rear/image') as second:
            async with node.viewer('front') as front:
                image = image_of('rgb8', (64, 48))
                await picture_of(front, lambda stamp: first.publish(image, stamp))
                assert second.subscribers == 0
                async with node.viewer('rear') as rear:
                    other = image_of('mono8', (160, 120))
                    picture = await picture_of(rear, lambda stamp: second.publish(other, stamp))
                    assert picture.shape == (120, 160, 3)
                assert front.receiver.senders == {'front': 'Rover front', 'rear': 'Rover rear'}
            assert 'as many topics as at the start (2)' in await node.set(topics=['a'])
            assert 'topics' in await node.set(topic='a')
            assert await node.set(topics=['front/image', 'other']) == ''
