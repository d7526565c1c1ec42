"""Images that are 20 s apart."""

import asyncio
import logging
import time

import pytest
from support.media.raw_images import image_of
from support.ros.sending_node import sending_node, until
from support.ros.topic_publisher import TopicPublisher

INTERVAL = 20.0
IMAGES = 4


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_nothing_is_logged_and_no_session_renewed_between_rare_images(caplog):
    caplog.set_level(logging.INFO)
    image = image_of('rgb8', (64, 48))
    with TopicPublisher() as camera:
        async with sending_node() as node, node.viewer() as viewer:
            await until(lambda: camera.subscribers)
            for number in range(IMAGES):
                before = len(viewer.frames)
                camera.publish(image, time.time_ns())
                await until(lambda before=before: len(viewer.frames) > before)
                if number == 0:
                    await until(lambda: 'receiving cam' in caplog.text)
                    caplog.clear()
                await asyncio.sleep(INTERVAL)
            lines = [line for line in caplog.messages if 'stamping with' not in line]
            assert lines == []
