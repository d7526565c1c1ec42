import pytest

from webrtc_bridge.media.bandwidth.sent_reports import REPORTS, SentReports

SECOND = 65536
'In the unit of what an answer waited.'


def reports(*sent: tuple[int, float]) -> SentReports:
    """Return reports that are quoted as the first of each pair, and sent at the second."""
    reported = SentReports()
    for quoted, at in sent:
        reported.note(0x7777 << 48 | quoted << 16 | 0x7777, at)
    return reported


def test_the_round_trip_is_what_the_other_side_did_not_wait() -> None:
    found = reports((5, 100.0), (6, 101.0)).round_trip(6, SECOND * 3 // 4, 102.0)
    assert found == pytest.approx(0.25)


@pytest.mark.parametrize(('quoted', 'waited'), [(1232, 65536), (1234, 0), (0, 0)])
def test_an_answer_to_another_report_or_to_none_tells_nothing(quoted: int, waited: int) -> None:
    assert reports((1233, 0.0), (1234, 100.0)).round_trip(quoted, waited, 101.0) is None


def test_an_answer_that_waited_for_longer_than_it_took_tells_nothing() -> None:
    assert reports((5, 100.0)).round_trip(5, 60 * SECOND, 101.0) is None
    assert reports((5, 100.0)).round_trip(5, SECOND, 101.0) is None


def test_an_answer_that_may_be_to_either_of_two_reports_tells_nothing() -> None:
    assert reports((5, 100.0), (5, 101.0)).round_trip(5, SECOND // 2, 102.0) is None


def test_only_the_newest_reports_are_known() -> None:
    reported = reports(*((n, 100.0 + n) for n in range(REPORTS + 1)))
    assert reported.round_trip(0, 1, 105.0) is None
    assert reported.round_trip(1, SECOND, 105.0) == pytest.approx(3.0)
