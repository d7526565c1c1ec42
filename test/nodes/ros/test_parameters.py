import asyncio
import re
from dataclasses import dataclass

import pytest
from rcl_interfaces.msg import ParameterType
from rclpy.parameter import Parameter

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.ros.parameters import Parameters, UnknownParameterError, meant_by
from webrtc_bridge.options import ReceiverOptions, SenderNodeOptions, SignalingOptions
from webrtc_bridge.program.option_row import option, rows


@dataclass(frozen=True)
class Options:
    text: str = option('a', 'A text.', pattern=re.compile('[a-z]+'), read_only=False)
    choice: str = option('one', 'One of two.', choices=('one', 'two'), read_only=False)
    number: int = option(3, 'A whole number.', minimum=1, maximum=9, unit='s', read_only=False)
    rate: float = option(30.0, 'A rate.', minimum=0.1, unit='Hz', read_only=False)
    switch: bool = option(False, 'A switch.', read_only=False)
    texts: tuple[str, ...] = option((), 'Some texts.', read_only=False)
    fixed: str = option('x', 'A text that stays.')


def test_without_overrides_the_options_are_the_tables_defaults(make_node):
    parameters = Parameters(make_node(), Options)
    parameters.refuse_unknown()
    assert parameters.options == Options()


@pytest.mark.parametrize('table', [ReceiverOptions, SignalingOptions])
def test_each_row_of_a_real_table_becomes_a_described_parameter(make_node, table):
    node = make_node()
    assert Parameters(node, table).options == table()
    for name in table.__dataclass_fields__:
        assert node.describe_parameter(name).description


@pytest.mark.parametrize(
    ('override', 'expected'),
    [
        ('text:=hello', Options(text='hello')),
        ("text:=''", Options(text='')),
        ('choice:=two', Options(choice='two')),
        ('number:=9', Options(number=9)),
        ('rate:=12.5', Options(rate=12.5)),
        ('rate:=15', Options(rate=15.0)),
        ('switch:=true', Options(switch=True)),
        ('texts:=[a, b]', Options(texts=('a', 'b'))),
        ('texts:=[]', Options(texts=())),
        ('use_sim_time:=true', Options()),
        ('start_type_description_service:=false', Options()),
    ],
)
def test_an_override_becomes_the_option(make_node, override, expected):
    parameters = Parameters(make_node('a_node', override), Options)
    parameters.refuse_unknown()
    assert parameters.options == expected


@pytest.mark.parametrize(
    'override',
    [
        'text:=5',
        'text:=ABC',
        'choice:=three',
        'number:=0',
        'number:=10',
        'number:=2.5',
        'number:=yes',
        'rate:=0',
        'rate:=.nan',
        'rate:=.inf',
        'rate:=fast',
        'switch:=1',
        'texts:=[1]',
        'texts:=0',
        "texts:=''",
        'texts:=a',
        'fixed:=true',
    ],
)
def test_an_override_that_does_not_fit_is_refused_by_name(make_node, override):
    node = make_node('a_node', override)
    name = override.partition(':=')[0]
    with pytest.raises(OptionError, match=rf'^{name}: .* given, expected ') as caught:
        Parameters(node, Options)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('name', 'meant'),
    [
        ('txt', 'text'),
        ('texst', 'text or texts'),
        ('swich', 'switch'),
        ('Choice', 'choice'),
    ],
)
def test_a_misspelt_override_is_refused_with_what_it_is_meant_for(make_node, name, meant):
    parameters = Parameters(make_node('a_node', f'{name}:=hello'), Options)
    with pytest.raises(UnknownParameterError) as caught:
        parameters.refuse_unknown()
    assert str(caught.value) == f'{name}: unknown, expected {meant}'
    assert caught.value.exit_status == 2


def test_the_parameters_of_other_nodes_are_logged_once(make_node, caplog):
    node = make_node('a_node', 'robot_name:=rover1', 'max.speed:=2.0', 'text:=hello')
    parameters = Parameters(node, Options)
    parameters.refuse_unknown()
    assert parameters.options.text == 'hello'
    assert [record.message for record in caplog.records] == [
        'not parameters of this node: max.speed, robot_name'
    ]


@pytest.mark.parametrize('table', [ReceiverOptions, SenderNodeOptions, SignalingOptions])
@pytest.mark.parametrize(
    'name', ['robot_name', 'sensor_id', 'namespace', 'camera_name', 'publish_rate', 'base_frame']
)
def test_usual_names_of_others_are_not_taken_for_misspelt(table, name):
    assert meant_by(name, [row.name for row in rows(table)], []) == ''


@pytest.mark.parametrize(
    ('name', 'meant'),
    [
        ('sender', 'sender_id'),
        ('sender_idd', 'sender_id'),
        ('senderid', 'sender_id'),
        ('frameid', 'frame_id'),
        ('frame-id', 'frame_id'),
        ('server_uri', 'server_url'),
        ('camera_info', 'camera_info_url'),
    ],
)
def test_usual_mistakes_are_recognised(name, meant):
    names = meant_by(name, [row.name for row in rows(ReceiverOptions)], [])
    assert meant in names.split(' or ')


def test_an_unknown_qos_override_is_refused_with_the_qos_parameters(make_node):
    node = make_node('a_node', 'qos_overrides./imag.publisher.depth:=1')
    parameters = Parameters(node, Options)
    name = 'qos_overrides./image.publisher.depth'
    with pytest.raises(UnknownParameterError, match=f'unknown, expected one of {name}$'):
        parameters.refuse_unknown([name])


def test_descriptors_have_type_range_choices_unit_and_read_only(make_node):
    node = make_node()
    Parameters(node, Options)
    number = node.describe_parameter('number')
    assert (number.type, number.description) == (
        ParameterType.PARAMETER_INTEGER,
        'A whole number. [s]',
    )
    assert (number.integer_range[0].from_value, number.integer_range[0].to_value) == (1, 9)
    rate = node.describe_parameter('rate')
    assert rate.type == ParameterType.PARAMETER_DOUBLE
    assert rate.floating_point_range[0].from_value == 0.1
    assert rate.floating_point_range[0].to_value > 1e300
    assert node.describe_parameter('choice').additional_constraints == 'one of one, two'
    assert node.describe_parameter('texts').type == ParameterType.PARAMETER_STRING_ARRAY
    assert node.describe_parameter('fixed').read_only
    assert not node.describe_parameter('text').read_only


def test_an_empty_list_is_a_list_of_strings_on_the_graph_too(make_node):
    node = make_node()
    Parameters(node, Options)
    parameter = node.get_parameter('texts')
    assert (parameter.type_, parameter.value) == (Parameter.Type.STRING_ARRAY, [])


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (Parameter('text', value='hello'), Options(text='hello')),
        (Parameter('choice', value='two'), Options(choice='two')),
        (Parameter('rate', value=15), Options(rate=15.0)),
        (Parameter('texts', value=['a']), Options(texts=('a',))),
        (Parameter('texts', Parameter.Type.BYTE_ARRAY, []), Options(texts=())),
    ],
)
async def test_a_change_that_fits_reaches_the_event_loop(make_node, change, expected):
    node = make_node()
    parameters = Parameters(node, Options)
    changed: asyncio.Future[Options] = asyncio.get_running_loop().create_future()
    parameters.on_change(changed.set_result)
    results = await asyncio.to_thread(node.set_parameters, [change])
    assert [(result.successful, result.reason) for result in results] == [(True, '')]
    assert await asyncio.wait_for(changed, 10) == expected
    assert parameters.options == expected


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (Parameter('text', value='ABC'), "text: 'ABC' given, expected text matching"),
        (Parameter('choice', value='three'), "choice: 'three' given, expected one of one, two"),
        (Parameter('number', value=10), 'number'),
        (Parameter('rate', value=float('nan')), 'rate'),
        (Parameter('switch', value=1), 'Wrong parameter type'),
        (Parameter('texts', value=[1]), 'Wrong parameter type'),
        (Parameter('fixed', value='y'), 'read-only'),
        (Parameter('text'), ''),
    ],
)
def test_a_change_that_does_not_fit_is_refused_with_the_reason(make_node, change, reason):
    node = make_node()
    parameters = Parameters(node, Options)
    (result,) = node.set_parameters([change])
    assert not result.successful
    assert reason in result.reason
    assert parameters.options == Options()


def test_other_parameters_of_the_node_still_change(make_node):
    node = make_node()
    parameters = Parameters(node, Options)
    node.declare_parameter('another', 1)
    (result,) = node.set_parameters([Parameter('another', value=2)])
    assert result.successful
    assert parameters.options == Options()
