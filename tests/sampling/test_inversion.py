"""Inversion with exact denoisers: what DDIM draws from the inverted noise is the image again."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from components.process.prediction import PREDICTIONS
from components.process.schedules import Schedule, build_schedule
from components.sampling.denoiser import Denoise, denoiser
from components.sampling.inversion import REFINEMENTS, invert
from components.sampling.solvers.ddim import ddim
from components.sampling.times import GRIDS, Times, time_grid, times_at
from tests.reference.known_data import TWO_MODES, mixture

PROCESSES = {
    "cosine": build_schedule({"schedule": "cosine", "steps": 1000}),
    "linear": build_schedule({"schedule": "linear", "steps": 1000}),
    "zero SNR": build_schedule({"schedule": "linear", "steps": 1000, "zero_terminal_snr": True}),
    "flow": build_schedule({"schedule": "rectified_flow", "steps": 1000}),
    "edm": build_schedule({"schedule": "edm", "steps": 1000}),
}
EVERY_PROCESS = pytest.mark.parametrize("process", sorted(PROCESSES))


def forbidden(key: int) -> Tensor:
    raise AssertionError("noise was drawn")


def sample(denoise: Denoise, x: Tensor, times: Times) -> Tensor:
    return ddim(denoise, x, times, noise=forbidden)


def images(count: int = 64, seed: int = 0) -> Tensor:
    """Of the two modes, (count, 1, 1, 2) float64."""
    return TWO_MODES.draw(count, torch.Generator().manual_seed(seed)).double()


def counted(denoise: Denoise) -> tuple[Denoise, Callable[[], int]]:
    calls = []

    def count(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        calls.append(t)
        return denoise(x, t)

    return count, lambda: len(calls)


@settings(max_examples=8, deadline=None)
@given(
    process=st.sampled_from(sorted(PROCESSES)),
    grid=st.sampled_from(sorted(GRIDS)),
    steps=st.integers(30, 80),
    seed=st.integers(0, 2**32 - 1),
)
def test_sampling_from_the_inverted_noise_returns_the_image(
    process: str, grid: str, steps: int, seed: int
) -> None:
    times, x = time_grid(PROCESSES[process], steps, grid), images(8, seed)
    denoise = TWO_MODES.denoiser(PROCESSES[process])
    back = sample(denoise, invert(denoise, x, times, refinements=50), times)
    torch.testing.assert_close(back, x, rtol=0, atol=1e-9)


@EVERY_PROCESS
def test_three_refinements_are_enough_at_a_hundred_steps(process: str) -> None:
    times, x = time_grid(PROCESSES[process], 100), images()
    denoise = TWO_MODES.denoiser(PROCESSES[process])
    back = sample(denoise, invert(denoise, x, times), times)
    assert REFINEMENTS == 3
    assert psnr(back, x) > 60


@EVERY_PROCESS
def test_the_noise_that_an_image_was_drawn_from_is_found_again(process: str) -> None:
    schedule = PROCESSES[process]
    times, denoise = time_grid(schedule, 50), TWO_MODES.denoiser(schedule)
    generator = torch.Generator().manual_seed(0)
    z = times.start_scale * torch.randn(64, 1, 1, 2, generator=generator, dtype=torch.float64)
    found = invert(denoise, sample(denoise, z, times), times, refinements=60)
    torch.testing.assert_close(found, z, rtol=1e-6, atol=1e-6)


@EVERY_PROCESS
@pytest.mark.parametrize("grid", ["trailing", "karras"])
@pytest.mark.parametrize("spread", [0.2, 1.0, 3.0])
def test_on_gaussian_data_the_noise_is_that_of_the_closed_form(
    process: str, grid: str, spread: float
) -> None:
    # DDIM is affine there: x_s − α_s μ = slope · (x_t − α_t μ), in every step
    mean, times = 0.3, time_grid(PROCESSES[process], 30, grid)
    data = mixture([1.0], [[mean]], [[[spread**2]]])
    slope = 1.0
    for i in range(times.steps):
        (a_t, a_s), (s_t, s_s) = times.alpha[i : i + 2].tolist(), times.sigma[i : i + 2].tolist()
        slope *= (a_t * a_s * spread**2 + s_t * s_s) / (a_t**2 * spread**2 + s_t**2)
    x = torch.linspace(-1, 1, 9, dtype=torch.float64).view(-1, 1, 1, 1)
    expected = float(times.alpha[0]) * mean + (x - mean) / slope
    found = invert(data.denoiser(PROCESSES[process]), x, times, refinements=60)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_the_plain_inversion_is_of_first_order_and_each_refinement_adds_one() -> None:
    # a refinement's error is the one before it times the slope's own, which is of first order
    schedule = PROCESSES["cosine"]
    denoise, x = TWO_MODES.denoiser(schedule), images()

    def error(steps: int, refinements: int) -> float:
        times = times_at(schedule, torch.linspace(0.8, 0.3, steps + 1, dtype=torch.float64))
        back = sample(denoise, invert(denoise, x, times, refinements=refinements), times)
        return float((back - x).abs().max())

    for refinements in (0, 1, 2):
        order = math.log2(error(80, refinements) / error(160, refinements))
        assert order == pytest.approx(1 + refinements, abs=0.25)


def test_zero_snr_is_inverted_from_the_network_s_v() -> None:
    # α = 0 at the noisiest time: there ε alone would say nothing of x_t
    schedule = PROCESSES["zero SNR"]
    inner = TWO_MODES.denoiser(schedule)

    def v(x: Tensor, t: Tensor) -> Tensor:
        x0, eps = inner(x, t)
        alpha, sigma = float(schedule.alpha(t[0])), float(schedule.sigma(t[0]))
        return alpha * eps - sigma * x0

    denoise, x = denoiser(v, schedule, PREDICTIONS["v"]), images()
    times = time_grid(schedule, 50)
    found = invert(denoise, x, times, refinements=40)
    assert bool(found.isfinite().all())
    torch.testing.assert_close(sample(denoise, found, times), x, rtol=0, atol=1e-9)


def clipped(schedule: Schedule, clip: bool) -> Denoise:
    inner = TWO_MODES.denoiser(schedule)
    return denoiser(lambda x, t: inner(x, t)[0], schedule, PREDICTIONS["x0"], clip=clip)


def test_only_without_clipping_the_image_returns() -> None:
    schedule, x = PROCESSES["cosine"], images()
    assert float(x.abs().max()) > 1
    times = time_grid(schedule, 50)
    errors = {}
    for clip in (False, True):
        denoise = clipped(schedule, clip)
        back = sample(denoise, invert(denoise, x, times, refinements=30), times)
        errors[clip] = float((back - x).abs().max())
    assert errors[False] < 1e-9
    assert errors[True] > 0.1


@pytest.mark.parametrize("refinements", [0, 1, 4])
def test_a_step_back_costs_one_evaluation_and_one_more_a_refinement(refinements: int) -> None:
    denoise, calls = counted(TWO_MODES.denoiser(PROCESSES["cosine"]))
    told: list[int] = []
    times = time_grid(PROCESSES["cosine"], 7)
    invert(denoise, images(4), times, refinements=refinements, callback=told.append)
    assert calls() == 7 * (1 + refinements)
    assert told == list(range(7))


def test_an_image_s_noise_does_not_depend_on_its_batch() -> None:
    times, x = time_grid(PROCESSES["cosine"], 10), images(6).float()

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        pairs = [TWO_MODES.denoiser(PROCESSES["cosine"])(row[None], t[:1]) for row in x]
        return torch.cat([p[0] for p in pairs]), torch.cat([p[1] for p in pairs])

    together = invert(denoise, x, times)
    assert together.dtype == torch.float32
    assert torch.equal(invert(denoise, x[[4]], times)[0], together[4])


def psnr(found: Tensor, image: Tensor) -> float:
    """Of images within [−1, 1], dB; the least of the batch."""
    error = ((found - image) ** 2).flatten(1).mean(1).max()
    return 10 * math.log10(4 / float(error))
