"""One law for every schedule: a new one is covered the moment it is registered."""

import math
from typing import get_args

import pytest
import torch

from components.process.diffuse import coefficients, diffuse
from components.process.prediction import PREDICTIONS
from components.process.schedules import SCHEDULES, Schedule
from components.sampling.solvers import SOLVERS
from components.sampling.times import GRIDS
from components.spec.models import ProcessSpec, SamplingSpec

EVERY = pytest.mark.parametrize("name", sorted(SCHEDULES))
LENGTHS = pytest.mark.parametrize("steps", [2, 50, 1000])


@EVERY
@LENGTHS
def test_alpha_and_sigma_preserve_the_variance(name: str, steps: int) -> None:
    schedule = SCHEDULES[name](steps)
    t = torch.rand(200, dtype=torch.float64)
    total = schedule.alpha(t) ** 2 + schedule.sigma(t) ** 2
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=1e-14)


@EVERY
@LENGTHS
def test_the_signal_falls_from_one_to_nearly_nothing(name: str, steps: int) -> None:
    schedule = SCHEDULES[name](steps)
    bars = schedule.alpha_bar(torch.linspace(0, 1, steps + 1, dtype=torch.float64))
    assert bars[0] == 1
    assert bool((bars.diff() < 0).all())
    assert bars[-1] < 0.01
    torch.testing.assert_close(bars[1:], schedule.alphas_cumprod, rtol=1e-12, atol=0)


@EVERY
@LENGTHS
def test_time_of_logsnr_inverts_logsnr(name: str, steps: int) -> None:
    schedule = SCHEDULES[name](steps)
    t = torch.linspace(0.01, 1, 137, dtype=torch.float64)
    back = schedule.time_of_logsnr(schedule.logsnr(t))
    torch.testing.assert_close(back, t, rtol=0, atol=1e-9)


@EVERY
def test_networks_are_told_the_index_of_the_table(name: str) -> None:
    schedule = SCHEDULES[name](1000)
    t = torch.tensor([0.001, 0.5, 1.0], dtype=torch.float64)
    torch.testing.assert_close(schedule.timestep(t), torch.tensor([0.0, 499.0, 999.0]))


def test_linear_is_ho_2020s_table() -> None:
    bar = 1.0
    for i in range(1000):
        bar *= 1 - (1e-4 + (0.02 - 1e-4) * i / 999)
    assert SCHEDULES["linear"](1000).alphas_cumprod[-1].item() == pytest.approx(bar, rel=1e-12)


def test_cosine_is_nichol_2021s_equation_17_where_beta_is_not_clipped() -> None:
    def f(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    bars = SCHEDULES["cosine"](1000).alphas_cumprod
    for i in (1, 100, 500, 990):
        assert bars[i - 1].item() == pytest.approx(f(i / 1000) / f(0), rel=1e-10)


@pytest.mark.parametrize("table", [[0.5, 0.6], [1.0, 0.5], [0.5, -0.1]])
def test_a_table_that_does_not_fall_within_zero_and_one_is_refused(table: list[float]) -> None:
    with pytest.raises(ValueError, match="must fall"):
        Schedule("broken", torch.tensor(table, dtype=torch.float64))


@EVERY
@pytest.mark.parametrize("kind", sorted(PREDICTIONS))
def test_every_prediction_gives_x0_and_eps_back(name: str, kind: str) -> None:
    schedule, prediction = SCHEDULES[name](1000), PREDICTIONS[kind]
    generator = torch.Generator().manual_seed(1)
    x0 = torch.randn(64, 3, 4, 4, generator=generator, dtype=torch.float64)
    eps = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
    t = torch.linspace(0.05, 0.9, 64, dtype=torch.float64)
    alpha, sigma = coefficients(schedule, t, x0)
    x_t = diffuse(x0, eps, alpha, sigma)
    output = prediction.target(x0, eps, alpha, sigma)
    x0_back, eps_back = prediction.split(output, x_t, alpha, sigma)
    torch.testing.assert_close(x0_back, x0, rtol=0, atol=1e-12)
    torch.testing.assert_close(eps_back, eps, rtol=0, atol=1e-12)


@EVERY
def test_diffused_images_have_the_mean_and_variance_of_the_formula(name: str) -> None:
    schedule = SCHEDULES[name](1000)
    n = 200_000
    eps = torch.randn(n, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x0 = torch.full((n, 1), 0.7, dtype=torch.float64)
    alpha, sigma = coefficients(schedule, torch.full((n,), 0.4, dtype=torch.float64), x0)
    x_t = diffuse(x0, eps, alpha, sigma)
    s = sigma[0].item()
    assert x_t.mean().item() == pytest.approx(alpha[0].item() * 0.7, abs=4 * s / math.sqrt(n))
    assert x_t.var().item() == pytest.approx(s**2, rel=4 * math.sqrt(2 / n))


def test_the_experiment_file_knows_exactly_the_registered_names() -> None:
    def names(model: type, field: str) -> set[str]:
        return set(get_args(model.model_fields[field].annotation))  # type: ignore[attr-defined]

    assert names(ProcessSpec, "schedule") == set(SCHEDULES)
    assert names(ProcessSpec, "prediction") == set(PREDICTIONS)
    assert names(SamplingSpec, "solver") == set(SOLVERS)
    assert names(SamplingSpec, "grid") == set(GRIDS)
