import pytest

from webrtc_bridge.media.load.encoder_load import (
    LONGEST_PATIENCE,
    LONGEST_WINDOW,
    PATIENCE,
    RATES,
    SIZES_THEN_RATES,
    WINDOW,
    EncoderLoad,
)

STEPS = pytest.mark.parametrize('steps', [SIZES_THEN_RATES, RATES], ids=['sizes', 'rates'])
INTERVAL = 0.1


class Machine:
    """Encodes ten pictures a second; everything takes `work` of the time."""

    def __init__(self, steps=SIZES_THEN_RATES):
        self.load = EncoderLoad(steps)
        self.now = 1000.0
        self.load.note(0.0, self.now)

    def run(self, seconds, work):
        """Encode for so long; return the places of the steps that were gone to."""
        changes = []
        for _ in range(round(seconds / INTERVAL)):
            self.now += INTERVAL
            busy = min(1.0, work * self.load.step.cost) * INTERVAL
            if self.load.note(busy, self.now):
                changes.append(self.load.step)
        return changes


@STEPS
@pytest.mark.parametrize('work', [0.0, 0.5, 0.85])
def test_a_machine_that_keeps_up_encodes_everything(steps, work):
    assert Machine(steps).run(600, work) == []


@STEPS
def test_one_that_does_not_steps_down_until_it_does(steps):
    work = 0.8 / steps[2].cost
    machine = Machine(steps)
    assert machine.run(600, work)[:2] == list(steps[1:3])
    assert machine.load.step in steps[2:]


@STEPS
def test_the_last_step_is_the_end(steps):
    assert Machine(steps).run(600, 1000.0) == list(steps[1:])


def test_one_busy_window_is_none():
    machine = Machine()
    for _ in range(20):
        assert machine.run(WINDOW, 1.0) == []
        assert machine.run(WINDOW, 0.5) == []


@STEPS
def test_with_room_again_it_steps_up(steps):
    machine = Machine(steps)
    machine.run(600, 1000.0)
    assert machine.run(len(steps) * (PATIENCE + WINDOW), 0.1) == list(reversed(steps[:-1]))


def test_it_does_not_go_up_where_it_would_have_to_come_down():
    machine = Machine()
    machine.run(3 * WINDOW, 2.0)
    assert machine.load.step == SIZES_THEN_RATES[1]  # which takes 0.89 of the time
    assert machine.run(600, 0.7) == []


def test_vain_steps_up_become_rare():
    """The load follows the step: what takes 1.0 of the time at full size costs little below."""
    machine, changed = Machine(), []
    for _ in range(round(3600 / INTERVAL)):
        machine.now += INTERVAL
        busy = INTERVAL * (1.0 if machine.load.step == SIZES_THEN_RATES[0] else 0.1)
        if machine.load.note(busy, machine.now):
            changed.append(machine.now)
    # Two changes for each of the patiences 10, 20, … 320 s, and then for each 320 s.
    assert 2 * 6 <= len(changed) <= 2 * (6 + 3600 / LONGEST_PATIENCE)
    assert changed[-1] - changed[-2] >= LONGEST_PATIENCE or changed[-2] - changed[-3] >= (
        LONGEST_PATIENCE
    )


def test_pauses_say_nothing():
    machine = Machine()
    machine.run(3 * WINDOW, 2.0)
    for _ in range(50):
        machine.now += LONGEST_WINDOW + 1
        assert not machine.load.note(0.0, machine.now)
