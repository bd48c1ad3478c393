"""Laws of every solver, its noise and its time grid."""

import pytest
import torch
from torch import Tensor

from components.process.diffuse import coefficients
from components.process.prediction import PREDICTIONS
from components.process.schedules import SCHEDULES
from components.sampling.denoiser import Denoise, denoiser
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import GRIDS, time_grid

SHAPE = (1, 4, 4)
SCHEDULE = SCHEDULES["cosine"](1000)


def exact_denoiser(mean: float, std: float) -> Denoise:
    """The posterior mean for data N(mean, std²): what a perfect network would give."""

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(SCHEDULE, t, x)
        gain = alpha * std**2 / (alpha**2 * std**2 + sigma**2)
        x0 = mean + gain * (x - alpha * mean)
        return x0, (x - alpha * x0) / sigma

    return denoise


@pytest.mark.parametrize("name", sorted(SOLVERS))
@pytest.mark.parametrize("grid", sorted(GRIDS))
def test_every_solver_draws_gaussian_data(name: str, grid: str) -> None:
    times = time_grid(SCHEDULE, 100, grid)
    noise = seeded_noise(range(4000), SHAPE)
    x = SOLVERS[name](exact_denoiser(0.3, 0.5), noise(-1), times, noise=noise)
    n = x.numel()
    assert x.mean().item() == pytest.approx(0.3, abs=0.01)
    # 100 steps are not the limit: DDPM's first-order error leaves the spread 2 % off at most
    assert x.std().item() == pytest.approx(0.5, rel=0.03 + 4 * (0.5 / n) ** 0.5)


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_an_image_does_not_depend_on_the_batch_it_is_drawn_in(name: str) -> None:
    times, denoise = time_grid(SCHEDULE, 10), exact_denoiser(0.0, 0.5)

    def draw(seeds: list[int]) -> Tensor:
        noise = seeded_noise(seeds, SHAPE)
        return SOLVERS[name](denoise, noise(-1), times, noise=noise, eta=1.0)

    together = draw([3, 1, 7, 5])
    torch.testing.assert_close(draw([7]), together[2:3], rtol=0, atol=0)
    torch.testing.assert_close(draw([5, 7, 1, 3])[3], together[0], rtol=0, atol=0)


def test_ddim_without_eta_uses_no_noise() -> None:
    def forbidden(step: int) -> Tensor:
        raise AssertionError("noise was drawn")

    start = seeded_noise([0], SHAPE)(-1)
    SOLVERS["ddim"](exact_denoiser(0, 1), start, time_grid(SCHEDULE, 5), noise=forbidden)


def test_ddim_with_eta_one_is_ddpm() -> None:
    # Song 2020, section 4.1: eta = 1 on the same grid is the posterior with small variance
    noise = seeded_noise(range(8), SHAPE)
    times, denoise = time_grid(SCHEDULE, 25), exact_denoiser(0.1, 0.7)
    start = noise(-1).double()
    ddpm = SOLVERS["ddpm"](denoise, start, times, noise=noise)
    ddim = SOLVERS["ddim"](denoise, start, times, noise=noise, eta=1.0)
    torch.testing.assert_close(ddim, ddpm, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_a_solver_calls_the_denoiser_once_a_step_and_the_callback_after_it(name: str) -> None:
    calls, steps = [], []
    inner = exact_denoiser(0, 1)

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        calls.append(t[0].item())
        return inner(x, t)

    noise = seeded_noise([0], SHAPE)
    times = time_grid(SCHEDULE, 7)
    SOLVERS[name](denoise, noise(-1), times, noise=noise, callback=steps.append)
    assert calls == times.t[:-1].tolist()
    assert steps == list(range(7))


@pytest.mark.parametrize("steps", [1, 3, 50, 999, 1000])
@pytest.mark.parametrize("grid", sorted(GRIDS))
def test_a_grid_falls_to_the_clean_image(steps: int, grid: str) -> None:
    times = time_grid(SCHEDULE, steps, grid)
    assert times.steps == steps
    assert bool((times.t.diff() < 0).all())
    assert (times.t[-1], times.alpha[-1], times.sigma[-1]) == (0, 1, 0)
    assert times.t[0] <= 1


def test_the_trailing_grid_starts_from_pure_noise() -> None:
    assert time_grid(SCHEDULE, 7, "trailing").t[0] == 1


def test_more_steps_than_the_table_has_are_refused() -> None:
    with pytest.raises(ValueError, match="1001 steps on a schedule of 1000"):
        time_grid(SCHEDULE, 1001)


def test_the_noise_of_a_step_does_not_depend_on_the_steps_before() -> None:
    noise = seeded_noise([4, 9], SHAPE)
    late = noise(3)
    noise(0)
    torch.testing.assert_close(noise(3), late, rtol=0, atol=0)
    assert not torch.equal(noise(3), noise(2))
    assert not torch.equal(noise(-1)[0], noise(-1)[1])


def test_neighbouring_seeds_and_steps_give_uncorrelated_normal_noise() -> None:
    rows = torch.stack([seeded_noise(range(64), (1, 16, 16))(i).flatten() for i in range(16)])
    assert rows.mean().abs() < 4 / rows.numel() ** 0.5
    assert rows.std().item() == pytest.approx(1, abs=0.01)
    correlation = torch.corrcoef(rows) - torch.eye(16)
    assert correlation.abs().max() < 5 / rows.shape[1] ** 0.5


def test_clipping_holds_x0_and_keeps_the_pair_consistent() -> None:
    x = torch.full((1, *SHAPE), 2.0)
    t = torch.tensor([0.3], dtype=torch.float64)
    denoise = denoiser(lambda x, t: torch.zeros_like(x), SCHEDULE, PREDICTIONS["eps"], clip=True)
    x0, eps = denoise(x, t)
    alpha, sigma = coefficients(SCHEDULE, t, x)
    assert x0.max() == 1
    torch.testing.assert_close(alpha * x0 + sigma * eps, x)
