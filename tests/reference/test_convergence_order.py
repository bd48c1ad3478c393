"""ODE solvers against the exact solution for data whose denoiser is known in closed form.

All in float64. The solution of the probability-flow ODE is a curve y(φ), y = x/√(α² + σ²) and
φ = atan σ/α, that is the same for every process; a process only says how fast it is run through.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from components.process.diffuse import coefficients
from components.process.schedules import Schedule, build_schedule
from components.sampling.denoiser import Denoise
from components.sampling.solvers import SOLVERS
from components.sampling.times import Times, times_at

SHAPE = (1, 2, 2)
Exact = Callable[[str, Times], tuple[Tensor, Tensor]]
"""(data, times) → (x at the first time, x at the last)."""

PROCESSES = {
    "cosine": {"schedule": "cosine", "steps": 1000},
    "zero_snr": {"schedule": "cosine", "steps": 1000, "zero_terminal_snr": True},
    "rectified_flow": {"schedule": "rectified_flow", "steps": 1000},
    "edm": {"schedule": "edm", "steps": 1000},
}
ORDERS = {"euler": 1, "ddim": 1, "heun": 2, "dpmpp_2m": 2, "unipc": 3}
"""UniC raises the order by one: UniPC-p is of order p + 1 (Zhao 2023, corollary 3.2)."""


@dataclass(frozen=True)
class Mixture:
    """Gaussians of weights (k,), means (k, *SHAPE) and, alike for each pixel, variances (k,)."""

    weights: Tensor
    means: Tensor
    variances: Tensor

    def pair(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """(E[x0 | x], E[ε | x]), every row of x (n, *SHAPE) at its own α, σ (n, 1, 1, 1)."""
        means, v = self.means[:, None], self.variances.view(-1, 1, 1, 1, 1)
        total = alpha**2 * v + sigma**2
        apart = x - alpha * means
        density = -(apart**2 / total + total.log()).flatten(2).sum(-1) / 2
        share = torch.softmax(density + self.weights.log()[:, None], 0)[..., None, None, None]
        x0 = (share * (means + alpha * v / total * apart)).sum(0)
        return x0, (share * sigma / total * apart).sum(0)

    def denoiser(self, schedule: Schedule) -> Denoise:
        return lambda x, t: self.pair(x, *coefficients(schedule, t, x))


def tensor(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


GAUSSIAN = Mixture(tensor([1.0]), torch.full((1, *SHAPE), 0.3).double(), tensor([0.25]))
TWO_MODES = Mixture(
    tensor([0.4, 0.6]),
    tensor([[-0.6, 0.2, -0.3, 0.5], [0.4, 0.1, 0.6, -0.2]]).view(2, *SHAPE),
    tensor([0.09, 0.16]),
)
DATA = {"gaussian": GAUSSIAN, "two_modes": TWO_MODES}


def gaussian_end(y: Tensor, begin: float, end: float) -> Tensor:
    """y at the angle ``end``: y = cos φ m + (y − cos φ m), the latter as √(cos² φ v + sin² φ)."""
    m, v = GAUSSIAN.means[0], float(GAUSSIAN.variances[0])

    def spread(angle: float) -> float:
        return math.sqrt(math.cos(angle) ** 2 * v + math.sin(angle) ** 2)

    return math.cos(end) * m + (y - math.cos(begin) * m) * spread(end) / spread(begin)


def integrated_end(y: Tensor, begin: float, end: float) -> Tensor:
    """The same for `TWO_MODES`, by scipy's solver of order 8."""

    def slope(angle: float, flat: np.ndarray) -> np.ndarray:
        cos, sin = math.cos(angle), math.sin(angle)
        x0, eps = TWO_MODES.pair(torch.from_numpy(flat).view_as(y), tensor(cos), tensor(sin))
        return (cos * eps - sin * x0).flatten().numpy()

    found = solve_ivp(slope, (begin, end), y.flatten().numpy(), "DOP853", rtol=1e-12, atol=1e-12)
    return torch.from_numpy(found.y[:, -1]).view_as(y)


@pytest.fixture(scope="module")
def exact_end() -> Exact:
    y = torch.randn(16, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    known: dict[tuple[str, float, float], Tensor] = {}

    def end(data: str, times: Times) -> tuple[Tensor, Tensor]:
        angles = torch.atan2(times.sigma, times.alpha)[[0, -1]].tolist()
        key = (data, *(round(angle, 12) for angle in angles))
        if key not in known:
            solve = gaussian_end if data == "gaussian" else integrated_end
            known[key] = solve(y, *angles)
        radius = torch.hypot(times.alpha, times.sigma)
        return radius[0] * y, radius[-1] * known[key]

    return end


def no_noise(step: int) -> Tensor:
    raise AssertionError("noise was drawn")


def order(
    solver: str,
    data: str,
    grid: Callable[[int], Times],
    exact: Exact,
    steps: list[int],
) -> float:
    """Minus the slope of log error over log steps, by least squares."""
    errors = []
    for count in steps:
        times = grid(count)
        x, end = exact(data, times)
        found = SOLVERS[solver](DATA[data].denoiser(times.schedule), x, times, noise=no_noise)
        errors.append((found - end).square().mean().sqrt().item())
    return -float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


@pytest.mark.parametrize("process", ["cosine", "edm", "rectified_flow"])
@pytest.mark.parametrize("data", sorted(DATA))
@pytest.mark.parametrize("solver", sorted(ORDERS))
def test_the_error_falls_at_the_solvers_order(
    process: str, data: str, solver: str, exact_end: Exact
) -> None:
    schedule = build_schedule(PROCESSES[process])

    def grid(steps: int) -> Times:
        # equal steps in λ, from σ/α = 5 to 0.05: no first-order step to σ = 0
        levels = torch.logspace(math.log10(5), math.log10(0.05), steps + 1, dtype=torch.float64)
        return times_at(schedule, schedule.time_of_noise_level(levels))

    found = order(solver, data, grid, exact_end, [8, 16, 32, 64, 128, 256])
    assert found == pytest.approx(ORDERS[solver], abs=0.25)


@pytest.mark.parametrize("process", ["zero_snr", "rectified_flow"])
@pytest.mark.parametrize("data", sorted(DATA))
@pytest.mark.parametrize("solver", sorted(ORDERS))
def test_the_order_survives_a_start_without_signal(
    process: str, data: str, solver: str, exact_end: Exact
) -> None:
    schedule = build_schedule(PROCESSES[process])

    def grid(steps: int) -> Times:
        # equal steps in t from α = 0, where the first steps are long in λ however many there are
        last = float(schedule.time_of_noise_level(tensor(0.1)))
        return times_at(schedule, torch.linspace(1, last, steps + 1, dtype=torch.float64))

    assert grid(8).alpha[0] == 0
    found = order(solver, data, grid, exact_end, [32, 64, 128, 256])
    assert found == pytest.approx(ORDERS[solver], abs=0.25)


@pytest.mark.parametrize("process", sorted(PROCESSES))
@pytest.mark.parametrize("data", sorted(DATA))
def test_rk45_meets_its_tolerance_and_its_error_falls_with_it(
    process: str, data: str, exact_end: Exact
) -> None:
    schedule = build_schedule(PROCESSES[process])
    times = times_at(schedule, torch.tensor([1.0, 0.5, schedule.t_min]))
    x, end = exact_end(data, times)
    denoise = DATA[data].denoiser(schedule)
    tolerances, errors = [1e-4, 1e-6, 1e-8, 1e-10], []
    for tolerance in tolerances:
        found = SOLVERS["rk45"](denoise, x, times, noise=no_noise, tolerance=tolerance)
        errors.append((found - end).square().mean().sqrt().item())
        # each of some ten steps may be off by the tolerance
        assert errors[-1] < 5 * tolerance
    # below 1e-6, where the tolerance and not the largest step decides, in proportion
    slope = np.polyfit(np.log(tolerances[1:]), np.log(errors[1:]), 1)[0]
    assert slope == pytest.approx(1, abs=0.25)
