"""Which times are drawn: in range, reproducible, and of the stated distribution."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from components.process.schedules import build_schedule
from components.process.time_sampling import TIME_SAMPLINGS
from tests.process.cases import CASES, schedule_of, section

EVERY = pytest.mark.parametrize("name", TIME_SAMPLINGS)
FLOW = build_schedule(section("rectified_flow"))
EDM = build_schedule(section("edm"))
N = 20_000


def draw(name: str, schedule: object, count: int = N, seed: int = 0, **options: float) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return TIME_SAMPLINGS[name](count, schedule, generator, **options)  # type: ignore[arg-type]


def largest_gap(values: Tensor, distribution: Tensor) -> float:
    """Kolmogorov–Smirnov distance of sorted ``values``' ranks from their ``distribution``."""
    n = len(values)
    ranks = torch.arange(n, dtype=torch.float64)
    return max(
        (distribution - ranks / n).max().item(), ((ranks + 1) / n - distribution).max().item()
    )


KS = 1.95 / math.sqrt(N)
"""Kolmogorov–Smirnov distance that is exceeded once in a thousand draws."""


@EVERY
def test_times_are_ones_that_the_schedule_is_trained_at(name: str) -> None:
    for case in CASES:
        schedule = schedule_of(case)
        t = draw(name, schedule, 1001)
        assert (t.dtype, t.shape) == (torch.float64, (1001,))
        assert bool(((t >= schedule.t_min) & (t <= 1)).all()), case
        if schedule.alphas_cumprod is not None:
            index = t * schedule.steps
            torch.testing.assert_close(index, index.round(), rtol=0, atol=1e-9)


@EVERY
def test_the_generator_alone_decides(name: str) -> None:
    torch.testing.assert_close(draw(name, FLOW, 9), draw(name, FLOW, 9), rtol=0, atol=0)
    assert not torch.equal(draw(name, FLOW, 9), draw(name, FLOW, 9, seed=1))


@pytest.mark.parametrize("name", ["uniform", "low_discrepancy"])
def test_uniform_times_are_uniform(name: str) -> None:
    share = (draw(name, FLOW).sort()[0] - FLOW.t_min) / (1 - FLOW.t_min)
    assert largest_gap(share, share) < KS


def test_low_discrepancy_times_lie_in_equal_strides_from_a_random_offset() -> None:
    for count in (1, 7, 128):
        share = (draw("low_discrepancy", FLOW, count, seed=count) - FLOW.t_min) / (1 - FLOW.t_min)
        ordered = share.sort()[0]
        gaps = torch.cat([ordered.diff(), (ordered[:1] + 1 - ordered[-1:])])
        torch.testing.assert_close(gaps, torch.full_like(gaps, 1 / count), rtol=0, atol=1e-12)
    first = torch.stack([draw("low_discrepancy", FLOW, 8, seed=seed)[0] for seed in range(2000)])
    share = (first.sort()[0] - FLOW.t_min) / (1 - FLOW.t_min)
    assert largest_gap(share, share) < 1.95 / math.sqrt(2000)


@pytest.mark.parametrize(("mean", "std"), [(None, None), (0.5, 0.6), (0.0, 2.0)])
def test_the_logit_of_logit_normal_times_is_normal(mean: float | None, std: float | None) -> None:
    t = draw("logit_normal", FLOW, mean=mean, std=std).sort()[0]  # type: ignore[arg-type]
    logit = torch.logit((t - FLOW.t_min) / (1 - FLOW.t_min))
    normal = Normal(0.0 if mean is None else mean, 1.0 if std is None else std)
    assert largest_gap(logit, normal.cdf(logit)) < KS


@pytest.mark.parametrize(("mean", "std"), [(None, None), (0.4, 0.5), (0.0, 1.0)])
def test_the_log_of_lognormal_noise_levels_is_normal(mean: float | None, std: float | None) -> None:
    t = draw("lognormal_sigma", EDM, mean=mean, std=std).sort()[0]  # type: ignore[arg-type]
    log_level = EDM.noise_level(t).log()
    normal = Normal(-1.2 if mean is None else mean, 1.2 if std is None else std)
    assert largest_gap(log_level, normal.cdf(log_level)) < KS


def test_lognormal_levels_are_the_same_on_a_table_but_for_its_steps() -> None:
    table = build_schedule(section("cosine"))
    t, exact = draw("lognormal_sigma", table), draw("lognormal_sigma", EDM)
    level = EDM.noise_level(exact)
    ends = table.noise_level(torch.tensor([1 / 1000, 1], dtype=torch.float64))
    inside = (level > ends[0]) & (level < ends[1])
    nearest = table.time_of_noise_level(level)
    torch.testing.assert_close(t[inside], nearest[inside], rtol=0, atol=0.5 / 1000 + 1e-9)
    assert bool((t[level <= ends[0]] == 1 / 1000).all())


def test_levels_beyond_the_schedule_become_its_ends() -> None:
    low = draw("lognormal_sigma", FLOW, 50, mean=-30.0, std=0.1)
    high = draw("lognormal_sigma", FLOW, 50, mean=30.0, std=0.1)
    assert set(low.tolist()) == {FLOW.t_min}
    torch.testing.assert_close(high, torch.ones_like(high), rtol=0, atol=1e-9)


@EVERY
def test_every_step_of_a_table_is_reached(name: str) -> None:
    table = build_schedule(section("cosine", steps=10))
    assert draw(name, table).unique().tolist() == [k / 10 for k in range(1, 11)]
