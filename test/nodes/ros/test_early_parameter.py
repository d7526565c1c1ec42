"""The value is the one that ROS gives the node."""

from pathlib import Path

import pytest
from rclpy.parameter import Parameter

from webrtc_bridge.nodes.ros.early_parameter import early_value
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised

FILES = {
    'all': '/**: {ros__parameters: {way: udp}}',
    'ours': 'a_node: {ros__parameters: {way: udp, other: 1}}',
    'absolute': '/a_node: {ros__parameters: {way: udp}}',
    'others': 'b_node: {ros__parameters: {way: udp}}',
    'without': '/**: {ros__parameters: {robot_name: rover1}}',
    'both': '/**: {ros__parameters: {way: auto}}\na_node: {ros__parameters: {way: udp}}',
}


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        ('', ''),
        ('-p way:=udp', 'udp'),
        ('--param way:=udp', 'udp'),
        ('-p way:=auto -p way:=udp', 'udp'),
        ('-p a_node:way:=udp', 'udp'),
        ('-p otherway:=udp', ''),
        ('-r image:=way:=udp', ''),
        *(
            (f'--params-file {name}', '' if name in ('others', 'without') else 'udp')
            for name in FILES
        ),
        ('--params-file all -p way:=auto', 'auto'),
        ('-r __node:=b_node --params-file others', 'udp'),
    ],
)
def test_it_is_the_one_that_ros_gives_the_node(
    words: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    arguments = ['--ros-args', *words.split()] if words else []
    assert early_value(arguments, 'a_node', 'way') == expected
    if 'image:=' in words:
        return  # which ROS itself refuses
    with initialised(arguments), created_node('a_node') as node:
        node.declare_parameter('way', Parameter.Type.STRING, ignore_override=False)
        assert (node.get_parameter_or('way').value or '') == expected


def test_words_for_the_program_are_none_for_ros() -> None:
    assert early_value(['-p', 'way:=udp'], 'a_node', 'way') == ''
    assert early_value(['--ros-args', '--', '-p', 'way:=udp'], 'a_node', 'way') == ''


@pytest.mark.parametrize('text', ['', '[', '5', 'a_node: 5', 'a_node: {ros__parameters: 5}'])
def test_a_file_that_ros_refuses_is_left_to_ros(tmp_path: Path, text: str) -> None:
    (tmp_path / 'file').write_text(text)
    words = ['--ros-args', '--params-file', str(tmp_path / 'file'), '--params-file', '/no/file']
    assert early_value(words, 'a_node', 'way') == ''
