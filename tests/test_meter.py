"""Steps are timed without what lies between them, and memory is told as it was."""

from components.meter import (
    MEMORY,
    PEAK_MEMORY,
    PROCESS,
    RECENT,
    SECONDS_A_STEP,
    STEP_MEMORY,
    Meter,
)

MUCH = 200 * 2**20


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def held(count: int) -> None:
    """Use so many bytes, and give them back."""
    block = bytearray(count)
    block[::4096] = b"1" * len(block[::4096])


def test_a_step_is_timed_from_its_beginning_to_its_end() -> None:
    clock = Clock()
    meter = Meter("cpu", clock)
    assert meter.costs() == {}
    for seconds in (9.0, 2.0, 1.0, 2.0, 3.0):
        meter.begins()
        clock.now += seconds
        meter.ends()
        clock.now += 100.0  # an evaluation
    assert meter.costs()[SECONDS_A_STEP] == 2.0


def test_the_median_is_of_the_latest_steps() -> None:
    clock = Clock()
    meter = Meter("cpu", clock)
    for step in range(2 * RECENT):
        meter.begins()
        clock.now += 1.0 if step < RECENT else 5.0
        meter.ends()
    assert meter.costs()[SECONDS_A_STEP] == 5.0


def test_memory_between_steps_counts_for_the_peak_alone() -> None:
    meter = Meter("cpu")
    meter.begins()
    meter.ends()
    quiet = meter.costs()
    held(MUCH)
    meter.begins()
    meter.ends()
    between = meter.costs()
    assert between[STEP_MEMORY] < quiet[STEP_MEMORY] + MUCH / 2
    assert between[PEAK_MEMORY] > quiet[STEP_MEMORY] + MUCH / 2
    meter.begins()
    held(2 * MUCH)
    meter.ends()
    within = meter.costs()
    assert within[PEAK_MEMORY] == within[STEP_MEMORY] > quiet[STEP_MEMORY] + MUCH
    assert within[MEMORY] == PROCESS


def test_what_the_process_used_before_is_not_counted() -> None:
    held(2 * MUCH)
    meter = Meter("cpu")
    meter.begins()
    meter.ends()
    before = meter.costs()[PEAK_MEMORY]
    meter.begins()
    held(MUCH)
    meter.ends()
    assert meter.costs()[PEAK_MEMORY] > before + MUCH / 2


def test_a_resumed_run_tells_of_its_earlier_steps() -> None:
    clock = Clock()
    first, again = Meter("cpu", clock), Meter("cpu", clock)
    for seconds in (1.0, 4.0, 4.0):
        first.begins()
        clock.now += seconds
        held(MUCH)
        first.ends()
    again.restore(first.state())
    assert again.costs() == first.costs()
