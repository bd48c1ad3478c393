"""One law for every schedule: a new one is covered the moment it is registered."""

import math

import pytest
import torch
from torch import Tensor

from components.process.diffuse import coefficients, diffuse
from components.process.schedules import DISCRETE, SCHEDULES, Schedule, build_schedule
from components.process.schedules.discrete import discrete
from tests.process.cases import (
    CASES,
    DISCRETE_CASES,
    TABLE,
    schedule_of,
    section,
    times_between,
    trained_times,
)

EVERY = pytest.mark.parametrize("case", CASES)
EVERY_TABLE = pytest.mark.parametrize("case", DISCRETE_CASES)


def close(
    actual: Tensor, expected: Tensor, *, relative: float = 0.0, absolute: float = 0.0
) -> None:
    torch.testing.assert_close(actual, expected, rtol=relative, atol=absolute)


@EVERY_TABLE
def test_alpha_and_sigma_of_a_table_preserve_the_variance(case: str) -> None:
    schedule = schedule_of(case)
    t = torch.linspace(0, 1, 1001, dtype=torch.float64)
    total = schedule.alpha(t) ** 2 + schedule.sigma(t) ** 2
    close(total, torch.ones_like(total), absolute=1e-15)


@EVERY_TABLE
def test_a_table_starts_at_the_image_and_passes_through_its_own_numbers(case: str) -> None:
    schedule = schedule_of(case)
    zero = torch.zeros(1, dtype=torch.float64)
    assert (schedule.alpha(zero).item(), schedule.sigma(zero).item()) == (1, 0)
    bars = schedule.alphas_cumprod
    assert bars is not None
    assert len(bars) == schedule.steps
    close(schedule.alpha(trained_times(schedule)) ** 2, bars, relative=1e-12)


@EVERY
def test_the_signal_to_noise_ratio_falls(case: str) -> None:
    schedule = schedule_of(case)
    t = torch.cat([trained_times(schedule), times_between(schedule)]).unique()
    alpha, sigma, logsnr = schedule.alpha(t), schedule.sigma(t), schedule.logsnr(t)
    assert bool((alpha.diff() <= 0).all())
    assert bool((sigma.diff() >= 0).all())
    assert bool((logsnr.diff() < 0).all())
    close(logsnr, (alpha**2 / sigma**2).log(), absolute=1e-12)
    close(schedule.noise_level(t), sigma / alpha)


@EVERY
def test_time_of_logsnr_inverts_logsnr(case: str) -> None:
    schedule = schedule_of(case)
    t = torch.cat([times_between(schedule), torch.ones(1, dtype=torch.float64)])
    close(schedule.time_of_logsnr(schedule.logsnr(t)), t, absolute=1e-9)
    close(schedule.time_of_noise_level(schedule.noise_level(t)), t, absolute=1e-9)


@EVERY
def test_a_logsnr_outside_the_range_gives_the_nearest_end(case: str) -> None:
    schedule = schedule_of(case)
    wanted = torch.tensor([math.inf, 1000.0, -1000.0, -math.inf], dtype=torch.float64)
    ends = torch.tensor([0.0, 0, 1, 1], dtype=torch.float64)
    close(schedule.time_of_logsnr(wanted), ends, absolute=1e-15)


@EVERY
def test_rates_are_the_derivatives(case: str) -> None:
    schedule = schedule_of(case)
    t = times_between(schedule)
    h = 1e-4 if schedule.alphas_cumprod is None else 0.005 / schedule.steps
    alpha_rate, sigma_rate = schedule.rates(t)
    for rate, function in [
        (alpha_rate, schedule.alpha),
        (sigma_rate, schedule.sigma),
        (schedule.logsnr_rate(t), schedule.logsnr),
    ]:
        near, far = function(t + h) - function(t - h), function(t + 2 * h) - function(t - 2 * h)
        close(rate, (8 * near - far) / (12 * h), relative=1e-6, absolute=1e-8)
    assert bool((schedule.logsnr_rate(t) < 0).all())


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("shift", [0.25, 2.0, 8.0])
def test_a_shift_divides_the_snr_by_its_square(name: str, shift: float) -> None:
    plain = build_schedule(section(name))
    shifted = build_schedule(section(name, snr_shift=shift))
    # a table's own times; what lies between them is interpolated in ᾱ before and after
    t = trained_times(plain)[:-1] if name == "rectified_flow" else trained_times(plain)
    ratio = (plain.noise_level(t) / shifted.noise_level(t)) ** -2
    # a table holds ᾱ, whose last digit is 1e-16: 1 − ᾱ of 6e-6 keeps ten digits
    close(ratio, torch.full_like(ratio, shift**2), relative=1e-10)


@pytest.mark.parametrize("name", DISCRETE)
def test_zero_terminal_snr_ends_at_pure_noise_and_keeps_the_first_entry(name: str) -> None:
    plain = build_schedule(section(name)).alphas_cumprod
    schedule = build_schedule(section(name, zero_terminal_snr=True))
    bars = schedule.alphas_cumprod
    assert plain is not None
    assert bars is not None
    assert bars[-1] == 0
    assert bars[0].item() == pytest.approx(plain[0].item(), rel=1e-14)
    assert schedule.logsnr(torch.ones(1, dtype=torch.float64)).item() == -math.inf
    assert schedule.trained_time(torch.ones(1)).item() == 1


@EVERY
def test_networks_are_told_the_index_or_the_noise_level(case: str) -> None:
    schedule = schedule_of(case)
    t = trained_times(schedule)
    told = schedule.timestep(t)
    assert told.dtype == torch.float32
    if schedule.alphas_cumprod is not None:
        expected = torch.arange(schedule.steps, dtype=torch.float64)
    elif schedule.name == "rectified_flow":
        expected = 1000 * schedule.sigma(t)
    else:
        expected = 250 * schedule.sigma(t).log()
    close(told, expected.float(), relative=1e-6, absolute=1e-4)


@EVERY
def test_training_visits_a_tables_own_times_alike_and_a_continuous_process_from_t_min(
    case: str,
) -> None:
    schedule = schedule_of(case)
    shares = (torch.arange(4 * schedule.steps, dtype=torch.float64) + 0.5) / (4 * schedule.steps)
    t = schedule.trained_time(shares)
    if schedule.alphas_cumprod is not None:
        times, counts = t.unique(return_counts=True)
        close(times, trained_times(schedule))
        assert set(counts.tolist()) == {4}
    else:
        assert schedule.t_min < t.min() < t.max() < 1
        assert schedule.trained_time(torch.zeros(1)).item() == schedule.t_min
    assert bool((schedule.sigma(t) > 0).all())


def test_the_straight_path_is_one_minus_t_and_t() -> None:
    schedule = build_schedule(section("rectified_flow"))
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    close(schedule.alpha(t), 1 - t)
    close(schedule.sigma(t), t)


def test_edm_runs_from_sigma_min_to_sigma_max_with_alpha_one() -> None:
    schedule = build_schedule(section("edm"))
    t = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    middle = ((0.002 ** (1 / 7) + 80 ** (1 / 7)) / 2) ** 7
    close(schedule.sigma(t), torch.tensor([0.002, middle, 80], dtype=torch.float64), relative=1e-12)
    close(schedule.alpha(t), torch.ones_like(t))


def test_a_table_of_few_numbers_is_interpolated_in_log_snr() -> None:
    schedule = build_schedule(section("table", steps=9))
    bars = schedule.alphas_cumprod
    assert bars is not None
    close(bars[::2], torch.tensor(TABLE, dtype=torch.float64), relative=1e-12)
    logsnr = torch.logit(bars)
    close(logsnr[1::2], (logsnr[:-1:2] + logsnr[2::2]) / 2, absolute=1e-12)


@pytest.mark.parametrize("values", [[0.5, 0.6], [1.0, 0.5], [0.5, -0.1], [0.5, 0.5]])
def test_a_table_that_does_not_fall_within_zero_and_one_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="must fall"):
        discrete("broken", torch.tensor(values, dtype=torch.float64))


@pytest.mark.parametrize(
    ("steps", "values", "message"),
    [
        (2, [0.9, 0.5, 0.1], "3 values for a table of 2"),
        (5, [0.9], "1 values for a table of 5"),
        (5, [0.9, 0.0], "above 0"),
    ],
)
def test_a_users_table_of_a_wrong_length_or_with_a_zero_inside_is_refused(
    steps: int, values: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SCHEDULES["table"](steps, values)


@EVERY
def test_diffused_images_have_the_mean_and_variance_of_the_formula(case: str) -> None:
    schedule = schedule_of(case)
    n, value = 20_000, 0.7
    eps = torch.randn(n, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x0 = torch.full((n, 1), value, dtype=torch.float64)
    t = _half_way(schedule)
    alpha, sigma = coefficients(schedule, t.expand(n), x0)
    x_t = diffuse(x0, eps, alpha, sigma)
    logsnr = schedule.logsnr(t).item()
    a, s = schedule.alpha(t).item(), schedule.sigma(t).item()
    assert math.log(a**2 / s**2) == pytest.approx(logsnr, abs=1e-12)
    assert x_t.mean().item() == pytest.approx(a * value, abs=4 * s / math.sqrt(n))
    assert x_t.var().item() == pytest.approx(s**2, rel=4 * math.sqrt(2 / n))


def _half_way(schedule: Schedule) -> Tensor:
    """The trained time in the middle."""
    return schedule.trained_time(torch.tensor(0.4, dtype=torch.float64))
