import pytest

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.frame_rate import RateMeasurement


def measured(*times):
    """Return what each picture, at one of `times` in seconds, made known."""
    measurement = RateMeasurement()
    return [measurement.add(time) for time in times]


@pytest.mark.parametrize('rate', [15, 29.97, 60])
def test_ten_intervals_are_enough(rate):
    found = measured(*(7 + n / rate for n in range(11)))
    assert found == [None] * 10 + [pytest.approx(rate)]


def test_a_slow_source_is_measured_for_a_second():
    assert measured(0.0, 0.5, 1.0) == [None, None, pytest.approx(2.0)]
    assert measured(0.0, 4.0) == [None, pytest.approx(0.25)]


def test_a_time_that_goes_back_starts_the_measurement_again():
    assert measured(0.0, 0.1, 0.0, 0.5, 1.0) == [None] * 4 + [pytest.approx(2.0)]
