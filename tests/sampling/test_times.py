"""Time grids: every grid on every schedule."""

import math

import numpy as np
import pytest
import torch

from components.process.schedules import SCHEDULES, Schedule, build_schedule
from components.sampling.times import GRIDS, LARGEST_NOISE_LEVEL, time_grid, times_at
from tests.process.cases import CASES, DISCRETE_CASES, schedule_of, section

EVERY = pytest.mark.parametrize("case", CASES)
EVERY_TABLE = pytest.mark.parametrize("case", DISCRETE_CASES)
EVERY_GRID = pytest.mark.parametrize("grid", GRIDS)


def lengths(case: str) -> list[int]:
    """Numbers of steps to try: all of a short schedule, of a long one some, and its ends."""
    steps = schedule_of(case).steps
    return list(range(1, steps + 1)) if steps <= 50 else [1, 7, 50, 300, steps - 1, steps]


@EVERY
@EVERY_GRID
def test_a_grid_falls_to_the_clean_image(case: str, grid: str) -> None:
    schedule = schedule_of(case)
    for steps in lengths(case):
        times = time_grid(schedule, steps, grid)
        assert times.steps == steps
        assert len(times.t) == len(times.alpha) == len(times.sigma) == steps + 1
        assert times.t.dtype == times.alpha.dtype == times.sigma.dtype == torch.float64
        assert (times.t[-1], times.alpha[-1], times.sigma[-1]) == (0, 1, 0)
        assert bool((times.logsnr.diff() > 0).all())
        # of EDM σ_min lies at t = 0, so that the step from it to the image takes no time
        assert bool((times.t[:-1].diff() < 0).all())
        assert times.t[-2] > 0 or (schedule.name == "edm" and schedule.t_min == 0)
        assert schedule.t_min - 1e-12 <= times.t[-2] <= times.t[0] <= 1


@EVERY
@EVERY_GRID
def test_coefficients_are_the_schedules_own(case: str, grid: str) -> None:
    schedule = schedule_of(case)
    times = time_grid(schedule, min(20, schedule.steps), grid)
    assert times.schedule is schedule
    t = times.t[:-1]
    assert torch.equal(times.alpha[:-1], schedule.alpha(t))
    assert torch.equal(times.sigma[:-1], schedule.sigma(t))
    assert torch.equal(times.logsnr[:-1], schedule.logsnr(t))


@EVERY
@EVERY_GRID
def test_the_start_has_the_spread_of_unit_data_at_the_first_time(case: str, grid: str) -> None:
    schedule = schedule_of(case)
    times = time_grid(schedule, min(20, schedule.steps), grid)
    first = times.t[:1]
    expected = (schedule.alpha(first) ** 2 + schedule.sigma(first) ** 2).sqrt().item()
    assert times.start_scale == pytest.approx(expected, rel=1e-12)
    if schedule.alphas_cumprod is not None:
        assert times.start_scale == pytest.approx(1, abs=1e-12)


def test_edm_starts_with_the_spread_of_its_largest_noise_level() -> None:
    assert time_grid(build_schedule(section("edm")), 18, "karras").start_scale == pytest.approx(
        math.sqrt(1 + 80**2), rel=1e-9
    )


@EVERY_TABLE
@pytest.mark.parametrize("grid", ["trailing", "leading", "linspace"])
def test_grids_that_count_in_t_keep_to_a_tables_own_times(case: str, grid: str) -> None:
    schedule = schedule_of(case)
    for steps in lengths(case):
        index = time_grid(schedule, steps, grid).t * schedule.steps
        torch.testing.assert_close(index, index.round(), rtol=0, atol=1e-9)


def test_grids_are_diffusers_index_by_index() -> None:
    # of 10 steps on a table of 1000; diffusers' `set_timesteps` documents these
    schedule = build_schedule(section("linear"))

    def index(grid: str) -> list[int]:
        return [round(t * 1000) - 1 for t in time_grid(schedule, 10, grid).t[:-1].tolist()]

    assert index("trailing") == [999, 899, 799, 699, 599, 499, 399, 299, 199, 99]
    assert index("leading") == [900, 800, 700, 600, 500, 400, 300, 200, 100, 0]
    assert index("linspace") == [999, 888, 777, 666, 555, 444, 333, 222, 111, 0]


def table(entries: int) -> Schedule:
    """Any table of that many entries."""
    return SCHEDULES["cosine"](entries)


def indices(schedule: Schedule, steps: int, grid: str) -> list[int]:
    """The grid's times but the clean image as diffusers counts them, from 0."""
    return [round(t * schedule.steps) - 1 for t in time_grid(schedule, steps, grid).t[:-1].tolist()]


ENTRIES = pytest.mark.parametrize("entries", [2, 50, 100, 512, 777, 1000])


def step_counts(entries: int) -> list[int]:
    """All of a short table; of a long one every seventh and those whose grids meet halves."""
    return list(range(1, entries + 1, 7 if entries > 100 else 1)) + [7, 13, 16, 33, entries]


@ENTRIES
def test_linspace_rounds_as_numpy_does_at_every_step_count(entries: int) -> None:
    # of `set_timesteps` in diffusers: a half goes to the even index, counted from 0
    schedule = table(entries)
    for steps in step_counts(entries):
        if 2 <= steps <= entries:
            expected = np.linspace(0, entries - 1, steps).round()[::-1].astype(int).tolist()
            assert indices(schedule, steps, "linspace") == expected


@ENTRIES
def test_trailing_rounds_as_numpy_does_at_every_step_count(entries: int) -> None:
    schedule = table(entries)
    for steps in step_counts(entries):
        if steps <= entries:
            # where its rounding errors allow, numpy adds an entry below the first
            expected = np.round(np.arange(entries, 0, -entries / steps))[:steps] - 1
            assert indices(schedule, steps, "trailing") == expected.astype(int).tolist()


@ENTRIES
def test_leading_is_diffusers_at_every_step_count(entries: int) -> None:
    schedule = table(entries)
    for steps in step_counts(entries):
        if steps <= entries:
            expected = (np.arange(steps) * (entries // steps))[::-1].tolist()
            assert indices(schedule, steps, "leading") == expected


@pytest.mark.parametrize(
    ("steps", "entries", "even"),
    [(7, 1000, [166, 500, 832]), (13, 1000, [166, 500, 832]), (33, 777, [48, 436])],
)
def test_a_tie_between_two_entries_goes_to_the_even_index(
    steps: int, entries: int, even: list[int]
) -> None:
    assert set(even) <= set(indices(table(entries), steps, "linspace"))


def test_one_step_starts_from_the_noisiest_time() -> None:
    assert indices(table(1000), 1, "linspace") == indices(table(1000), 1, "trailing") == [999]


@EVERY
@pytest.mark.parametrize("steps", [2, 10, 18])
def test_the_karras_grid_is_equation_5_of_karras_2022(case: str, steps: int) -> None:
    schedule = schedule_of(case)
    if steps > schedule.steps:
        return
    ends = schedule.noise_level(torch.tensor([1.0, schedule.t_min], dtype=torch.float64))
    high, low = min(ends[0].item(), LARGEST_NOISE_LEVEL), ends[1].item()
    times = time_grid(schedule, steps, "karras")
    for i, t in enumerate(times.t[:-1]):
        root = high ** (1 / 7) + i / (steps - 1) * (low ** (1 / 7) - high ** (1 / 7))
        assert schedule.noise_level(t).item() == pytest.approx(root**7, rel=1e-8)


@EVERY
def test_the_uniform_logsnr_grid_has_equal_steps_in_lambda(case: str) -> None:
    schedule = schedule_of(case)
    steps = min(20, schedule.steps)
    logsnr = time_grid(schedule, steps, "uniform_logsnr").logsnr[:-1]
    gaps = logsnr.diff()
    torch.testing.assert_close(gaps, gaps.mean().expand_as(gaps), rtol=1e-8, atol=0)
    last = schedule.logsnr(torch.tensor(schedule.t_min, dtype=torch.float64)).item()
    assert logsnr[-1].item() == pytest.approx(last, abs=1e-8)
    first = schedule.logsnr(torch.ones(1, dtype=torch.float64)).item()
    assert logsnr[0].item() == pytest.approx(
        max(first, -2 * math.log(LARGEST_NOISE_LEVEL)), abs=1e-8
    )


@EVERY
def test_the_trailing_grid_starts_from_the_noisiest_time(case: str) -> None:
    schedule = schedule_of(case)
    for steps in lengths(case):
        assert time_grid(schedule, steps, "trailing").t[0] == 1


@EVERY_GRID
def test_more_steps_than_the_schedule_has_are_refused(grid: str) -> None:
    with pytest.raises(ValueError, match="1001 steps on a schedule of 1000"):
        time_grid(build_schedule(section("cosine")), 1001, grid)


@EVERY
def test_a_run_may_begin_in_the_middle_or_end_before_the_image(case: str) -> None:
    schedule = schedule_of(case)
    times = time_grid(schedule, min(10, schedule.steps), "trailing")
    rest = times.from_step(times.steps // 2)
    assert rest.steps == times.steps - times.steps // 2
    assert torch.equal(rest.t, times.t[times.steps // 2 :])
    assert rest.schedule is schedule
    part = times_at(schedule, times.t[:-1])
    assert torch.equal(part.alpha, times.alpha[:-1])
    assert torch.equal(part.sigma, times.sigma[:-1])
