import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from webrtc_bridge.nodes.publishing.diagnostics import texts, verdict
from webrtc_bridge.receiving.selection import StreamState
from webrtc_bridge.receiving.stream_meter import StreamReport

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


@pytest.mark.parametrize(
    ('report', 'new_fallbacks', 'level', 'message'),
    [
        (StreamReport(StreamState.RECEIVING, silence=0.1), 0, OK, 'receiving'),
        (StreamReport(StreamState.RECEIVING, silence=0.1, loss=0.05), 0, OK, 'receiving'),
        (
            StreamReport(StreamState.RECEIVING, silence=0.1, loss=0.06),
            0,
            WARN,
            'receiving, 6% of the packets lost',
        ),
        (
            StreamReport(StreamState.RECEIVING, silence=0.1),
            3,
            WARN,
            'receiving, stamping with arrival time',
        ),
        (StreamReport(StreamState.WAITING), 0, WARN, 'waiting for the sender'),
        (StreamReport(StreamState.CONNECTING), 0, WARN, 'connecting'),
        (StreamReport(StreamState.STALE, silence=4.9), 0, WARN, 'no frames arriving'),
        (StreamReport(StreamState.IDLE, silence=600.0), 0, OK, 'idle: nobody subscribes'),
        (
            StreamReport(StreamState.STALE, silence=5.0),
            0,
            ERROR,
            'no frames arriving, no frame for 5 s',
        ),
        (
            StreamReport(StreamState.WAITING, silence=61.0),
            0,
            ERROR,
            'waiting for the sender, no frame for 61 s',
        ),
    ],
)
def test_the_level_says_how_bad_it_is(
    report: StreamReport, new_fallbacks: int, level: bytes, message: str
) -> None:
    assert verdict(report, new_fallbacks) == (level, message)


def test_unknown_values_are_empty() -> None:
    values = texts(StreamReport(StreamState.WAITING))
    assert {values[key] for key in ('resolution', 'round_trip_ms', 'relayed', 'silence_s')} == {''}


def test_a_path_through_turn_is_relayed() -> None:
    direct = StreamReport(StreamState.RECEIVING, path='host 10.0.0.1:5 -> srflx 10.0.0.2:7')
    relayed = StreamReport(StreamState.RECEIVING, path='relay 10.0.0.1:5 -> host 10.0.0.2:7')
    assert texts(direct)['relayed'] == 'false'
    assert texts(relayed)['relayed'] == 'true'
