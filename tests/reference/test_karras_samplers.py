"""Our Euler and Heun with churn against Karras 2022's algorithm 2, written out in x/α and σ/α.

That is how k-diffusion's `sample_euler` and `sample_heun` have it. All in float64.
"""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from components.process.diffuse import coefficients
from components.process.schedules import build_schedule
from components.sampling.noise import Noise, seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import Times, time_grid, times_at

SHAPE = (1, 4, 4)
SEEDS = [3, 1, 4]
CHURN = pytest.mark.parametrize("churn", [0.0, 3.0, 1000.0])  # off, γ = 0.3 and 0.25, γ at its most


@pytest.fixture
def noise() -> Noise:
    return seeded_noise(SEEDS, SHAPE)


def model(x: Tensor, level: Tensor) -> Tensor:
    """x0 of x = x0 + level · ε: smooth, and not linear in either."""
    scaled = x / (1 + level**2).sqrt()
    return torch.tanh(0.9 * scaled + 0.3 * scaled.roll(1, -1)) * (1 + 1 / (1 + level))


def denoise_of(times: Times) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """`model` as our contract has it, for x_t = α x0 + σ ε."""

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(times.schedule, t, x)
        x0 = model(x / alpha, sigma / alpha)
        return x0, (x - alpha * x0) / sigma

    return denoise


def karras(x: Tensor, levels: Tensor, noise: Noise, churn: float, *, second_order: bool) -> Tensor:
    """Algorithm 2 with S_tmin = 0, S_tmax = ∞ and S_noise = 1, from x at ``levels[0]``."""
    steps = len(levels) - 1
    for i in range(steps):
        gamma = min(churn / steps, math.sqrt(2) - 1)
        raised = levels[i] * (1 + gamma)
        if gamma > 0:
            x = x + (raised**2 - levels[i] ** 2).sqrt() * noise(i).double()
        d = (x - model(x, raised)) / raised
        after = x + (levels[i + 1] - raised) * d
        if second_order and levels[i + 1] > 0:
            d_after = (after - model(after, levels[i + 1])) / levels[i + 1]
            after = x + (levels[i + 1] - raised) * (d + d_after) / 2
        x = after
    return x


def late_grid(process: dict, last: bool) -> Times:
    """12 steps, or 10, that begin where the level can be raised by √2 within the schedule."""
    schedule = build_schedule(process | {"steps": 1000})
    if last:
        return time_grid(schedule, 16, "trailing").from_step(4)
    return times_at(schedule, torch.linspace(0.7, 0.1, 11, dtype=torch.float64))


@pytest.mark.parametrize("name", ["euler", "heun"])
@pytest.mark.parametrize("schedule", ["scaled_linear", "linear", "cosine", "edm"])
@pytest.mark.parametrize("last", [True, False], ids=["to the clean image", "to a noisy end"])
@CHURN
def test_euler_and_heun_are_algorithm_2(
    name: str, schedule: str, last: bool, churn: float, noise: Noise
) -> None:
    times = late_grid({"schedule": schedule}, last)
    x = times.start_scale * noise(-1).double()
    ours = SOLVERS[name](denoise_of(times), x, times, noise=noise, churn=churn)
    theirs = karras(
        x / times.alpha[0], times.sigma / times.alpha, noise, churn, second_order=name == "heun"
    )
    torch.testing.assert_close(ours / times.alpha[-1], theirs, rtol=0, atol=1e-10)


@CHURN
def test_euler_is_algorithm_2_on_a_rectified_flow_too(churn: float, noise: Noise) -> None:
    # Heun there takes the mean of the slopes in t instead: see test_diffusers_ode_schedulers
    times = late_grid({"schedule": "rectified_flow"}, True)
    x = times.start_scale * noise(-1).double()
    ours = SOLVERS["euler"](denoise_of(times), x, times, noise=noise, churn=churn)
    levels = times.sigma / times.alpha
    theirs = karras(x / times.alpha[0], levels, noise, churn, second_order=False)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("schedule", ["cosine", "sigmoid", "linear", "edm"])
@pytest.mark.parametrize("steps", [10, 25, 50])
def test_euler_is_algorithm_1_from_the_noisiest_time(
    schedule: str, steps: int, noise: Noise
) -> None:
    # cosine begins at σ/α = 20,000: in float64, unlike in diffusers' float32, that is no matter
    times = time_grid(build_schedule({"schedule": schedule, "steps": 1000}), steps, "trailing")
    x = times.start_scale * noise(-1).double()
    ours = SOLVERS["euler"](denoise_of(times), x, times, noise=noise)
    levels = times.sigma / times.alpha
    theirs = karras(x / times.alpha[0], levels, noise, 0.0, second_order=False)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
