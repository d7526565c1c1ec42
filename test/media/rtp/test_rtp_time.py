from webrtc_bridge.media.rtp.rtp_time import LARGEST_STEP, NOMINAL_STEP, REPEAT_STEP, RtpTime

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


def test_the_first_timestamp_is_zero():
    assert RtpTime().timestamp(START) == 0


def test_timestamps_follow_the_capture_times_at_90_khz():
    time = RtpTime()
    assert [time.timestamp(START + n * SECOND // 10) for n in range(4)] == [0, 9000, 18000, 27000]


def test_rounding_does_not_add_up():
    time = RtpTime()
    for n in range(3000):
        newest = time.timestamp(START + n * SECOND // 30)
    assert newest == (START + 2999 * SECOND // 30) * 9 // 100_000 - START * 9 // 100_000


def test_a_clock_that_steps_back_moves_on_by_one_nominal_step():
    time = RtpTime()
    time.timestamp(START)
    before = time.timestamp(START + SECOND)
    assert time.timestamp(START - 3600 * SECOND) == before + NOMINAL_STEP
    assert time.timestamp(START - 3599 * SECOND) == before + NOMINAL_STEP + 90_000


def test_a_picture_shown_twice_still_gets_a_later_timestamp():
    time = RtpTime()
    assert time.timestamp(START) < time.timestamp(START) < time.timestamp(START)


def test_a_clock_that_jumps_ahead_moves_on_by_one_nominal_step():
    time = RtpTime()
    time.timestamp(START)
    assert time.timestamp(START + 3600 * SECOND) == NOMINAL_STEP


def test_a_pause_shorter_than_the_largest_step_is_kept():
    time = RtpTime()
    time.timestamp(START)
    assert time.timestamp(START + 10 * SECOND) == LARGEST_STEP


def test_a_picture_sent_again_keeps_its_time_and_the_next_one_too():
    time = RtpTime()
    assert time.again(START) == 0
    assert time.again(START) == REPEAT_STEP
    assert time.timestamp(START + SECOND) == 90_000
    assert time.again(START + 2 * SECOND) == 180_000
