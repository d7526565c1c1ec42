import dataclasses

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from webrtc_bridge.nodes.subscribing.topic_diagnostics import (
    TopicReport,
    part_names,
    texts,
    verdict,
)

OK, WARN = DiagnosticStatus.OK, DiagnosticStatus.WARN
REPORT = TopicReport('front', '/cam/image_raw', True, 0, 90, 3)


@pytest.mark.parametrize(
    ('changes', 'new_images', 'expected'),
    [
        ({'connected': False, 'viewers': 1}, 30, (WARN, 'not registered at the signaling server')),
        ({}, 0, (OK, 'no viewers')),
        ({'viewers': 1}, 30, (OK, 'sending to 1 viewer')),
        ({'viewers': 2}, 0, (WARN, 'no images for 2 viewers')),
    ],
)
def test_the_level_says_whether_viewers_get_images(changes, new_images, expected):
    assert verdict(dataclasses.replace(REPORT, **changes), new_images) == expected


def test_the_values_are_those_of_the_topic():
    assert texts(REPORT, 30) == {
        'sender_id': 'front',
        'topic': '/cam/image_raw',
        'connected': 'true',
        'viewers': '0',
        'fps': '30.0',
        'images': '90',
        'dropped': '3',
    }


@pytest.mark.parametrize(
    ('ids', 'names'),
    [
        (['front'], ['topic']),
        (['front', 'rear'], ['topic front', 'topic rear']),
        (['', 'rear', ''], ['topic 1', 'topic rear', 'topic 3']),
    ],
)
def test_each_topic_has_a_name_of_its_own(ids, names):
    assert part_names(ids) == names
