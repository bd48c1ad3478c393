"""Which evaluation is the best, and when the best is out of reach."""

import pytest

from components.training.track_record import Mark, TrackRecord, marks_of, track_record


def mark(step: int, value: float, half: float = 1.0) -> Mark:
    return Mark(step, "fd_x", value, value - half, value + half)


def after(*values: float, lower: bool = True) -> TrackRecord:
    return track_record([mark(10 * k, value) for k, value in enumerate(values, 1)], lower)


def test_the_best_is_the_first_of_equals_on_the_good_side() -> None:
    lowest, highest = after(5, 3, 4, 3).best, after(5, 3, 4, 5, lower=False).best
    assert lowest == mark(20, 3)
    assert highest == mark(10, 5)
    assert track_record([], True) == TrackRecord(None, 0)


@pytest.mark.parametrize("lower", [True, False])
def test_only_an_interval_wholly_on_the_worse_side_counts_as_worse(lower: bool) -> None:
    sign = 1 if lower else -1
    assert after(10, 10 + sign * 1.9, lower=lower).worse == 0
    assert after(10, 10 + sign * 2.0, lower=lower).worse == 0, "the intervals touch"
    assert after(10, 10 + sign * 2.1, lower=lower).worse == 1
    assert after(10, 10 - sign * 2.1, lower=lower).worse == 0


def test_worse_evaluations_are_counted_in_a_row() -> None:
    assert after(10, 20, 30, 40).worse == 3
    assert after(10, 20, 30, 11, 40).worse == 1, "one within the interval breaks the row"
    assert after(10, 20, 30, 9, 11.5, 40).worse == 2, "and so does a new best"


def test_marks_are_those_of_one_metric() -> None:
    rows = [
        {"step": "10", "metric": name, "value": value, "low": "0.1", "high": "4"}
        for name, value in (("fd_x", "0.30000000000000004"), ("kd_x", "7"))
    ]
    assert marks_of("fd_x", rows) == [Mark(10, "fd_x", 0.1 + 0.2, 0.1, 4.0)]
