"""Every parametrisation on every schedule: there and back, and what an error in it is worth."""

import pytest
import torch
from torch import Tensor

from components.process.diffuse import coefficients, diffuse
from components.process.prediction import PREDICTIONS, Prediction, build_prediction
from components.process.schedules import Schedule
from tests.process.cases import CASES, schedule_of, trained_times

EVERY = pytest.mark.parametrize("case", CASES)
EVERY_KIND = pytest.mark.parametrize("kind", PREDICTIONS)
ROUNDING = 2e-15
"""Relative error that the few float64 operations of a conversion may add up to."""


def drawn(schedule: Schedule) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """(x0, ε, x_t, α, σ), float64, a row for each of 250 trained times at most, ends included."""
    t = trained_times(schedule)
    t = t[torch.linspace(0, len(t) - 1, min(len(t), 250)).long()]
    generator = torch.Generator().manual_seed(1)
    x0 = torch.rand(len(t), 3, 4, 4, generator=generator, dtype=torch.float64) * 2 - 1
    eps = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
    alpha, sigma = coefficients(schedule, t, x0)
    return x0, eps, diffuse(x0, eps, alpha, sigma), alpha, sigma


def largest(error: Tensor) -> Tensor:
    """The largest entry of each row, (batch, 1, 1, 1)."""
    return error.abs().amax((1, 2, 3), keepdim=True)


@EVERY
@EVERY_KIND
def test_every_prediction_gives_x0_and_eps_back(case: str, kind: str) -> None:
    schedule, prediction = schedule_of(case), PREDICTIONS[kind]
    x0, eps, x_t, alpha, sigma = drawn(schedule)
    output = prediction.target(x0, eps, alpha, sigma)
    x0_back, eps_back = prediction.split(output, x_t, alpha, sigma)
    if kind == "eps":
        # ε says little about x0 at little signal, nothing at none: x_t's digits over α
        allowed = (ROUNDING * largest(x_t) / alpha).clamp(min=1e-12)
        known = alpha.flatten() > 0
        assert bool((largest(x0_back - x0) <= allowed)[known].all())
        assert bool(known.all()) or not bool(x0_back[~known].isfinite().any())
    else:
        torch.testing.assert_close(x0_back, x0, rtol=0, atol=1e-12)
    torch.testing.assert_close(eps_back, eps, rtol=0, atol=1e-12)


@EVERY
@EVERY_KIND
def test_any_output_of_a_network_splits_into_a_pair_that_makes_up_x_t(case: str, kind: str) -> None:
    schedule, prediction = schedule_of(case), PREDICTIONS[kind]
    x0, eps, x_t, alpha, sigma = drawn(schedule)
    rows = (alpha.flatten() > 0) | (kind != "eps")
    output = eps.flip(0) - 0.5 * x0.flip(0)
    x0_said, eps_said = prediction.split(output, x_t, alpha, sigma)
    again = diffuse(x0_said, eps_said, alpha, sigma)
    size = largest(alpha * x0_said) + largest(sigma * eps_said) + largest(x_t)
    assert bool((largest(again - x_t) <= ROUNDING * size)[rows].all())
    # and the pair is the one whose target the output is
    target = prediction.target(x0_said, eps_said, alpha, sigma)
    torch.testing.assert_close(target[rows], output[rows], rtol=1e-9, atol=1e-9)


@EVERY
@EVERY_KIND
def test_the_gain_turns_an_error_of_x0_into_one_of_the_output(case: str, kind: str) -> None:
    schedule, prediction = schedule_of(case), PREDICTIONS[kind]
    x0, eps, x_t, alpha, sigma = drawn(schedule)
    output = prediction.target(x0, eps, alpha, sigma)
    error = eps.flip(0)
    known = alpha.flatten() > (1e-6 if kind == "eps" else -1)
    right, _ = prediction.split(output, x_t, alpha, sigma)
    wrong, _ = prediction.split(output + error, x_t, alpha, sigma)
    gain = prediction.gain(alpha, sigma)
    expected = gain * ((wrong - right) ** 2).sum((1, 2, 3), keepdim=True)
    actual = (error**2).sum((1, 2, 3), keepdim=True)
    torch.testing.assert_close(actual[known], expected[known], rtol=1e-8, atol=0)
    assert bool(gain.isfinite().all())


@EVERY
@EVERY_KIND
def test_networks_see_at_most_unit_variance_of_unit_data(case: str, kind: str) -> None:
    schedule = schedule_of(case)
    *_, alpha, sigma = drawn(schedule)
    scale = PREDICTIONS[kind].scale(alpha, sigma)
    spread = 0.5 if kind == "edm" else 1.0
    seen = scale**2 * (alpha**2 * spread**2 + sigma**2)
    assert bool((seen <= 1 + 1e-12).all())
    if kind == "edm":
        torch.testing.assert_close(seen, torch.ones_like(seen), rtol=1e-12, atol=0)
    elif schedule.alphas_cumprod is not None:
        torch.testing.assert_close(scale, torch.ones_like(scale), rtol=1e-12, atol=0)


def test_edm_is_karras_2022s_preconditioning() -> None:
    sigma_data = 0.3
    prediction = build_prediction({"prediction": "edm", "sigma_data": sigma_data})
    sigma = torch.tensor([0.002, 0.3, 5.0, 80.0], dtype=torch.float64).view(-1, 1, 1, 1)
    alpha = torch.ones_like(sigma)
    f = torch.full((4, 1, 1, 1), 0.7, dtype=torch.float64)
    x = torch.full_like(f, -1.3)
    # table 1, row "Network and preconditioning"
    c_skip = sigma_data**2 / (sigma**2 + sigma_data**2)
    c_out = sigma * sigma_data / (sigma**2 + sigma_data**2).sqrt()
    c_in = 1 / (sigma**2 + sigma_data**2).sqrt()
    x0, eps = prediction.split(f, x, alpha, sigma)
    torch.testing.assert_close(x0, c_skip * x + c_out * f, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(eps, (x - x0) / sigma, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(prediction.scale(alpha, sigma), c_in, rtol=1e-12, atol=0)


def test_edm_of_a_scaled_process_is_edm_of_the_noise_level() -> None:
    # x_t = α (x0 + σ̂ ε): the same F for the same σ̂ = σ/α
    prediction: Prediction = PREDICTIONS["edm"]
    generator = torch.Generator().manual_seed(0)
    x0, eps = torch.randn(2, 5, 1, 2, 2, generator=generator, dtype=torch.float64)
    level = torch.tensor([0.01, 0.2, 1, 9, 60], dtype=torch.float64).view(-1, 1, 1, 1)
    plain = prediction.target(x0, eps, torch.ones_like(level), level)
    alpha = (1 + level**2).rsqrt()
    scaled = prediction.target(x0, eps, alpha, alpha * level)
    torch.testing.assert_close(scaled, plain, rtol=1e-12, atol=1e-12)
