"""Stochastic solvers with an exact denoiser draw from the data: mean, covariance, modes.

Two kinds of proof. On Gaussian data a solver is affine in its start and in every noise that it
draws, so running it on unit impulses gives the mean and covariance of its images exactly,
without a random number. And 50,000 images sampled by it show the moments of the data within four
standard errors, where the steps are so many that the first proof puts the solver's own error
below one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from components.process.diffuse import diffuse
from components.process.schedules import Schedule, build_schedule
from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers import SOLVERS
from components.sampling.solvers.langevin import langevin_steps
from components.sampling.times import Times, times_at
from tests.reference.known_data import GAUSSIAN, TWO_MODES, Mixture, level_grid

IMAGES = 50_000
PROCESSES = {
    name: build_schedule({"schedule": name, "steps": 10_000})
    for name in ("cosine", "rectified_flow", "edm")
}


@dataclass(frozen=True)
class Case:
    """A solver on a process, with the steps that its error wants."""

    solver: str
    process: str
    steps: int
    options: dict[str, Any] = field(default_factory=dict)
    last_level: float = 0.02

    @property
    def schedule(self) -> Schedule:
        """Of the process."""
        return PROCESSES[self.process]

    @property
    def times(self) -> Times:
        """From about five times the data's spread to a small part of it, and the clean image."""
        return level_grid(self.schedule, 5.0, self.last_level, self.steps)

    def __str__(self) -> str:
        given = "-".join(f"{value}" for value in self.options.values())
        return f"{self.solver}-{given}-{self.process}" if given else f"{self.solver}-{self.process}"


MIXTURE_CASES = [
    Case("ddim", "cosine", 650, {"eta": 0.5}),
    Case("ddpm", "cosine", 1000, {"variance": "small"}),
    Case("ddpm", "rectified_flow", 300, {"variance": "large"}),
    Case("dpmpp_2m_sde", "cosine", 50),
    Case("langevin", "cosine", 150, {"corrector_steps": 5, "corrector_snr": 0.8}, 0.1),
    Case("predictor_corrector", "edm", 60, {"corrector_steps": 2, "corrector_snr": 0.4}),
]
CASES = [
    *MIXTURE_CASES,
    # both draw as `ddpm` with small variance does, which a law in tests/sampling holds
    Case("ddim", "edm", 1000, {"eta": 1.0}),
    Case("euler_ancestral", "rectified_flow", 1000),
    Case("langevin", "edm", 150, {"corrector_steps": 5, "corrector_snr": 0.8}, 0.1),
    Case("predictor_corrector", "rectified_flow", 300, {"corrector_steps": 1}),
]
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=str)


def moments_of_images(
    solver: str, denoise: Denoise, data: Mixture, times: Times, **options: Any
) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of the solver's images of Gaussian ``data``, exactly.

    It starts from the law of x_t at the first time. With no noise it gives the mean; a noise of
    1 in one pixel of one draw moves the image by one column of a matrix R with covariance R Rᵀ.
    """
    d = len(data.mean)
    alpha, sigma = times.alpha[0], times.sigma[0]
    start = alpha * data.mean
    root = torch.linalg.cholesky(alpha**2 * data.covariance + sigma**2 * torch.eye(d))
    keys: list[int] = []

    def silent(key: int) -> Tensor:
        keys.append(key)
        return torch.zeros(1, 1, 1, d, dtype=torch.float64)

    solve = SOLVERS[solver]
    mean = solve(denoise, start.view(1, 1, 1, d), times, noise=silent, **options).view(d)
    impulses = torch.eye((len(keys) + 1) * d, dtype=torch.float64).view(-1, len(keys) + 1, d)

    def impulse(key: int) -> Tensor:
        return impulses[:, keys.index(key) + 1].reshape(-1, 1, 1, d)

    starts = (start + impulses[:, 0] @ root.T).view(-1, 1, 1, d)
    response = solve(denoise, starts, times, noise=impulse, **options).view(-1, d) - mean
    return mean, response.T @ response


def gaussian_moments(case: Case) -> tuple[Tensor, Tensor]:
    denoise = GAUSSIAN.denoiser(case.schedule)
    return moments_of_images(case.solver, denoise, GAUSSIAN, case.times, **case.options)


@EVERY_CASE
def test_the_error_of_a_solver_is_below_one_standard_error_of_the_images(case: Case) -> None:
    mean, covariance = gaussian_moments(case)
    wanted = GAUSSIAN.covariance
    variance = wanted.diag()
    mean_error = (variance / IMAGES).sqrt()
    covariance_error = ((torch.outer(variance, variance) + wanted**2) / IMAGES).sqrt()
    assert ((mean - GAUSSIAN.mean).abs() / mean_error).max() < 0.1
    assert ((covariance - wanted).abs() / covariance_error).max() < 1


def bulk_noise(generator: torch.Generator, count: int, d: int) -> Noise:
    """All rows at once: one generator a row, as `seeded_noise` has it, would take minutes."""
    return lambda key: torch.randn(count, 1, 1, d, generator=generator)


def sampled(solver: str, denoise: Denoise, data: Mixture, times: Times, **options: Any) -> Tensor:
    """50,000 images (n, d), float64, from x_t sampled at the first time."""
    generator = torch.Generator().manual_seed(20)
    x0 = data.draw(IMAGES, generator)
    eps = torch.randn(x0.shape, generator=generator)
    start = diffuse(x0, eps, times.alpha[0].float(), times.sigma[0].float())
    noise = bulk_noise(generator, IMAGES, len(data.mean))
    x = SOLVERS[solver](denoise, start, times, noise=noise, **options)
    assert x.dtype == torch.float32
    return x.view(IMAGES, -1).double()


def check_moments(x: Tensor, data: Mixture) -> None:
    """Mean, covariance and the modes' weights within four standard errors of the data's."""
    apart = x - data.mean
    standard_errors(apart, torch.zeros_like(data.mean))
    products = torch.einsum("nd,ne->nde", apart, apart)
    standard_errors(products, data.covariance)
    standard_errors(data.shares(x).T, data.weights)


def standard_errors(values: Tensor, wanted: Tensor) -> None:
    """The mean of ``values`` over their first axis is ``wanted``, within four standard errors."""
    error = (values.var(0) / len(values)).sqrt()
    # a single mode has weight 1 and no error
    assert bool(((values.mean(0) - wanted).abs() <= 4 * error + 1e-12).all())


@EVERY_CASE
def test_images_of_gaussian_data_have_its_moments(case: Case) -> None:
    denoise = GAUSSIAN.denoiser(case.schedule)
    check_moments(sampled(case.solver, denoise, GAUSSIAN, case.times, **case.options), GAUSSIAN)


@pytest.mark.parametrize("case", MIXTURE_CASES, ids=str)
def test_images_of_a_mixture_have_its_moments_and_modes(case: Case) -> None:
    denoise = TWO_MODES.denoiser(case.schedule)
    check_moments(sampled(case.solver, denoise, TWO_MODES, case.times, **case.options), TWO_MODES)


def gaussian_consistency(data: Mixture, schedule: Schedule) -> Denoise:
    """The end of the probability-flow path through x_t for Gaussian data.

    Along each eigenvector of the covariance, of variance c, the path keeps the distance to the
    mean in deviations: x0 = m + √c (x_t − α m)/√(α² c + σ²) (Song 2021, eq. 13 solved).
    """
    variance, axes = torch.linalg.eigh(data.covariance)

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = float(schedule.alpha(t[0])), float(schedule.sigma(t[0]))
        gain = axes @ (variance / (alpha**2 * variance + sigma**2)).sqrt().diag() @ axes.T
        x0 = data.mean.to(x) + (x - alpha * data.mean.to(x)) @ gain.to(x)
        return x0, (x - alpha * x0) / sigma

    return denoise


def quantile_consistency(data: Mixture, schedule: Schedule) -> Denoise:
    """The same for a mixture in one dimension, where a path keeps its quantile."""
    means = data.means[:, 0].numpy()
    variances = data.covariances[:, 0, 0].numpy()
    fine = np.linspace(-6, 6, 20_001)

    def quantile(x: np.ndarray[Any, Any], alpha: float, sigma: float) -> np.ndarray[Any, Any]:
        deviations = np.sqrt(alpha**2 * variances + sigma**2)
        z = torch.from_numpy((x[:, None] - alpha * means) / deviations)
        return (torch.special.ndtr(z) @ data.weights).numpy()

    table = quantile(fine, 1.0, 0.0)

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = float(schedule.alpha(t[0])), float(schedule.sigma(t[0]))
        there = quantile(x.double().flatten().numpy(), alpha, sigma)
        x0 = torch.from_numpy(np.interp(there, table, fine)).to(x).view_as(x)
        return x0, (x - alpha * x0) / sigma

    return denoise


@pytest.mark.parametrize("process", sorted(PROCESSES))
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_consistency_sampling_is_exact_at_any_number_of_steps(process: str, steps: int) -> None:
    times = level_grid(PROCESSES[process], 5.0, 0.5, steps)
    denoise = gaussian_consistency(GAUSSIAN, PROCESSES[process])
    mean, covariance = moments_of_images("consistency", denoise, GAUSSIAN, times)
    torch.testing.assert_close(mean, GAUSSIAN.mean, rtol=0, atol=1e-7)
    torch.testing.assert_close(covariance, GAUSSIAN.covariance, rtol=1e-7, atol=0)


@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_consistency_sampling_draws_a_mixture(process: str) -> None:
    means = TWO_MODES.means[:, :1]
    line = Mixture(TWO_MODES.weights, means, TWO_MODES.covariances[:, :1, :1])
    times = level_grid(PROCESSES[process], 5.0, 0.5, 3)
    denoise = quantile_consistency(line, PROCESSES[process])
    check_moments(sampled("consistency", denoise, line, times), line)


@pytest.mark.parametrize(
    ("solver", "options"),
    [
        ("ddim", {"eta": 0.5}),
        ("ddim", {"eta": 1.0}),
        ("ddpm", {"variance": "small"}),
        ("euler_ancestral", {}),
        ("dpmpp_2m_sde", {}),
        ("predictor_corrector", {"corrector_steps": 2}),
    ],
)
def test_only_the_levels_of_a_process_count(solver: str, options: dict[str, Any]) -> None:
    # x/α moves alike on every process that goes through the same σ/α; `ddpm` with large
    # variance and `langevin` are not among these: β and the mean's own steps depend on α
    images = [
        moments_of_images(
            solver,
            GAUSSIAN.denoiser(schedule),
            GAUSSIAN,
            level_grid(schedule, 5.0, 0.02, 20),
            **options,
        )
        for schedule in PROCESSES.values()
    ]
    for mean, covariance in images[1:]:
        torch.testing.assert_close(mean, images[0][0], rtol=1e-6, atol=0)
        torch.testing.assert_close(covariance, images[0][1], rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("solver", "options", "order"),
    [
        ("ddim", {"eta": 0.5}, 1),
        ("ddpm", {"variance": "small"}, 1),
        ("ddpm", {"variance": "large"}, 1),
        ("euler_ancestral", {}, 1),
        # with a larger step size the corrector undoes ever more of the predictor's error
        ("predictor_corrector", {"corrector_snr": 0.05}, 1),
        ("langevin", {"corrector_snr": 0.7}, 1),
        ("dpmpp_2m_sde", {}, 2),
    ],
)
def test_the_covariance_converges_at_the_order_of_the_solver(
    solver: str, options: dict[str, Any], order: int
) -> None:
    steps = [32, 64, 128, 256]
    denoise = GAUSSIAN.denoiser(PROCESSES["cosine"])
    errors = []
    for count in steps:
        # a last level low enough that the last step, of first order, adds nothing
        times = level_grid(PROCESSES["cosine"], 5.0, 0.005, count)
        _, covariance = moments_of_images(solver, denoise, GAUSSIAN, times, **options)
        errors.append(float(torch.linalg.matrix_norm(covariance - GAUSSIAN.covariance)))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert -slope == pytest.approx(order, abs=0.25)


def impulse_response(run: Callable[[Tensor, Noise], Tensor], draws: int) -> float:
    """Variance of a one-pixel image that is linear in ``draws`` noises."""
    keys: list[int] = []

    def impulse(key: int) -> Tensor:
        keys.append(key)
        return torch.eye(draws, dtype=torch.float64)[len(keys) - 1].view(-1, 1, 1, 1)

    response = run(torch.zeros(draws, 1, 1, 1, dtype=torch.float64), impulse)
    assert len(set(keys)) == draws
    return float((response**2).sum())


@pytest.mark.parametrize("snr", [0.16, 0.5, 0.9])
@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
def test_langevin_steps_settle_at_the_variance_of_their_step_size(
    snr: float, spread: float
) -> None:
    # x' = (1 − δ/c) x + √(2δ) z for data of deviation `spread`, δ = 2 snr² σ²: the variance V
    # comes from 0 to c/(1 − δ/2c), and what is missing shrinks by (1 − δ/c)² each time
    schedule = PROCESSES["cosine"]
    times = times_at(schedule, torch.tensor([0.8, 0.4], dtype=torch.float64))
    alpha, sigma = float(times.alpha[1]), float(times.sigma[1])
    c, delta = (alpha * spread) ** 2 + sigma**2, 2 * snr**2 * sigma**2

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        assert t.tolist() == [0.4] * len(x)
        return alpha * spread**2 / c * x, sigma / c * x

    count = 200

    def run(x: Tensor, noise: Noise) -> Tensor:
        return langevin_steps(denoise, times, noise, 1, x, count=count, snr=snr)[0]

    missing = (1 - delta / c) ** (2 * count)
    wanted = c / (1 - delta / (2 * c)) * (1 - missing)
    assert impulse_response(run, count) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("process", "snr", "each"),
    [("cosine", 0.5, 5), ("rectified_flow", 0.5, 5), ("edm", 0.5, 5), ("cosine", 0.3, 10)],
)
def test_langevin_leaves_the_noise_that_its_docstring_states(
    process: str, snr: float, each: int
) -> None:
    high, low, steps = 5.0, 0.005, 200
    times = level_grid(PROCESSES[process], high, low, steps)
    one = mixture_of_one(1.0)
    _, variance = moments_of_images(
        "langevin",
        one.denoiser(PROCESSES[process]),
        one,
        times,
        corrector_steps=each,
        corrector_snr=snr,
    )
    per_factor = each * (steps - 1) / np.log(high / low)
    left = (1 + snr**2) / (2 * snr**2 * per_factor)
    assert float(variance) - 1 == pytest.approx(left, rel=0.15)


def mixture_of_one(variance: float) -> Mixture:
    """One pixel, Gaussian."""
    shape = torch.ones(1, dtype=torch.float64)
    return Mixture(shape, 0 * shape[None], variance * shape[None, None])
