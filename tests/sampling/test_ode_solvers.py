"""Laws of the deterministic solvers on every process."""

import math
import sys

import pytest
import torch
from torch import Tensor

from components.process.diffuse import coefficients
from components.process.schedules import CONTINUOUS, DISCRETE, SCHEDULES, Schedule, build_schedule
from components.sampling.denoiser import Denoise
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import GRIDS, Times, time_grid, times_at

SHAPE = (1, 4, 4)
MEAN, STD = 0.3, 0.5
ONE_A_STEP = ["euler", "dpmpp_2m", "unipc"]
ODE = [*ONE_A_STEP, "heun", "rk45"]
CHURNED = ["euler", "heun"]
EVERY = pytest.mark.parametrize("name", ODE)


def section(name: str, **values: object) -> dict[str, object]:
    table = {"table": [0.999, 0.9, 0.5, 0.1, 0.01]} if name == "table" else {}
    return {"schedule": name, "steps": 1000} | table | values


PROCESSES = {
    **{name: section(name) for name in SCHEDULES},
    **{f"{name}, zero SNR": section(name, zero_terminal_snr=True) for name in DISCRETE},
    **{f"{name}, shift 3": section(name, snr_shift=3.0) for name in ("cosine", *CONTINUOUS)},
    **{f"{name}, 50 steps": section(name, steps=50) for name in ("linear", *CONTINUOUS)},
}


def exact_denoiser(schedule: Schedule, std: float = STD) -> Denoise:
    """What a perfect network gives for data N(MEAN, std²)."""

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(schedule, t, x)
        apart = (x - alpha * MEAN) / (alpha**2 * std**2 + sigma**2)
        return MEAN + alpha * std**2 * apart, sigma * apart

    return denoise


def exact_x0(x: Tensor, times: Times) -> Tensor:
    """Where the ODE takes x from the grid's first time to its last noisy one, then denoised."""
    first, last = (
        (float(times.alpha[i]), math.hypot(times.alpha[i] * STD, times.sigma[i])) for i in (0, -2)
    )
    x = last[0] * MEAN + (x - first[0] * MEAN) * (last[1] / first[1])
    return exact_denoiser(times.schedule)(x, times.t[-2].expand(len(x)))[0]


def no_noise(step: int) -> Tensor:
    raise AssertionError("noise was drawn")


class Counted:
    """A denoiser that keeps the times of every call, (calls, batch)."""

    def __init__(self, inner: Denoise) -> None:
        self.inner, self.times = inner, []

    def __call__(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        self.times.append(t.clone())
        return self.inner(x, t)


def start(times: Times, rows: int = 8, dtype: torch.dtype = torch.float64) -> Tensor:
    return times.start_scale * seeded_noise(range(rows), SHAPE)(-1).to(dtype)


@pytest.mark.parametrize("process", sorted(PROCESSES))
@EVERY
def test_noise_is_taken_to_the_data_on_every_process(name: str, process: str) -> None:
    schedule = build_schedule(PROCESSES[process])
    times = time_grid(schedule, 50, "uniform_logsnr")
    x = start(times, dtype=torch.float32)
    found = SOLVERS[name](exact_denoiser(schedule), x, times, noise=no_noise)
    assert found.dtype == torch.float32
    error = (found - exact_x0(x, times)).square().mean().sqrt()
    # of the data's spread; 50 steps leave a first-order solver 5 % off
    assert error < STD * (0.06 if name == "euler" else 0.01)


@pytest.mark.parametrize("process", sorted(PROCESSES))
@pytest.mark.parametrize("name", [*ONE_A_STEP, "rk45"])
def test_few_steps_do_not_overshoot(name: str, process: str) -> None:
    # Heun in σ/α does, as Karras 2022 has it: a rough grid magnifies what it corrects
    schedule = build_schedule(PROCESSES[process])
    for grid in GRIDS:
        for steps in (1, 2, 3, 6):
            times = time_grid(schedule, steps, grid)
            x = start(times)
            found = SOLVERS[name](exact_denoiser(schedule), x, times, noise=no_noise)
            assert found.std() < 2 * STD


@pytest.mark.parametrize("process", sorted(DISCRETE))
@pytest.mark.parametrize("zero", [False, True])
def test_heuns_first_step_from_next_to_no_signal_does_not_magnify_x(
    process: str, zero: bool
) -> None:
    # in σ/α it would, by α_s/α_t: images hundreds of times too large on the cosine table
    schedule = build_schedule(section(process, zero_terminal_snr=zero))
    for steps in (3, 5, 10):
        times = time_grid(schedule, steps, "trailing")
        x = start(times)
        found = SOLVERS["heun"](exact_denoiser(schedule), x, times, noise=no_noise)
        assert found.std() < 1.5 * STD


@pytest.mark.parametrize("grid", sorted(GRIDS))
@pytest.mark.parametrize("name", ONE_A_STEP)
def test_one_evaluation_a_step_at_the_grids_times(name: str, grid: str) -> None:
    schedule = build_schedule(section("cosine"))
    times = time_grid(schedule, 7, grid)
    denoise = Counted(exact_denoiser(schedule))
    SOLVERS[name](denoise, start(times), times, noise=no_noise)
    torch.testing.assert_close(torch.stack(denoise.times), times.t[:-1, None].expand(7, 8))


@pytest.mark.parametrize("process", ["cosine", "cosine, zero SNR", "rectified_flow", "edm"])
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_heun_takes_two_evaluations_a_step_but_one_to_the_clean_image(
    process: str, steps: int
) -> None:
    schedule = build_schedule(PROCESSES[process])
    clean = time_grid(schedule, steps)
    noisy = times_at(schedule, torch.linspace(1, 0.1, steps + 1))
    for times, expected in ((clean, 2 * steps - 1), (noisy, 2 * steps)):
        denoise = Counted(exact_denoiser(schedule))
        SOLVERS["heun"](denoise, start(times), times, noise=no_noise)
        assert len(denoise.times) == expected


@pytest.mark.parametrize("steps", [1, 2, 7, 40])
@EVERY
def test_the_callback_hears_of_every_step_once_and_in_order(name: str, steps: int) -> None:
    schedule = build_schedule(section("cosine"))
    times, heard = time_grid(schedule, steps), []
    denoise = exact_denoiser(schedule)
    SOLVERS[name](denoise, start(times), times, noise=no_noise, callback=heard.append)
    assert heard == list(range(steps))


@EVERY
def test_from_the_last_time_of_the_grid_on_the_image_is_the_denoisers(name: str) -> None:
    # image-to-image with the least strength; rk45 has no way to go there
    schedule = build_schedule(section("cosine"))
    times, heard = time_grid(schedule, 1000).from_step(999), []
    denoise = Counted(exact_denoiser(schedule))
    x = start(times)
    found = SOLVERS[name](denoise, x, times, noise=no_noise, callback=heard.append)
    assert len(denoise.times) == 1
    assert heard == [0]
    torch.testing.assert_close(found, denoise.inner(x, denoise.times[0])[0])


@pytest.mark.parametrize("name", [*ONE_A_STEP, "heun"])
@pytest.mark.parametrize("process", ["cosine", "cosine, zero SNR", "rectified_flow", "edm"])
def test_noise_is_the_denoisers_eps_even_where_the_pair_does_not_make_up_x(
    name: str, process: str
) -> None:
    # as under CFG++, where ε is the unguided one
    schedule = build_schedule(PROCESSES[process])
    times = times_at(schedule, torch.linspace(1, 0.2, 9))
    x0, eps = seeded_noise([0], SHAPE)(0), seeded_noise([0], SHAPE)(1)
    found = SOLVERS[name](lambda x, t: (x0, eps), start(times, 1), times, noise=no_noise)
    torch.testing.assert_close(found, (times.alpha[-1] * x0 + times.sigma[-1] * eps).to(found))


@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_euler_is_ddim_without_eta(process: str) -> None:
    schedule = build_schedule(PROCESSES[process])
    times = time_grid(schedule, 9)
    euler, ddim = (
        SOLVERS[name](exact_denoiser(schedule), start(times), times, noise=no_noise)
        for name in ("euler", "ddim")
    )
    torch.testing.assert_close(euler, ddim, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("churn", [0.0, 2.0])
@EVERY
def test_an_image_does_not_depend_on_the_batch_it_is_drawn_in(name: str, churn: float) -> None:
    schedule = build_schedule(section("cosine"))
    times = time_grid(schedule, 12)
    options = {"churn": churn} if name in CHURNED else {}

    def sample(seeds: list[int]) -> Tensor:
        noise = seeded_noise(seeds, SHAPE)
        # every seed is as hard as its number: rk45 goes at a different pace in each row
        x = noise(-1) * torch.tensor(seeds).view(-1, 1, 1, 1)
        denoise = wavy_denoiser(schedule)
        return SOLVERS[name](denoise, x, times, noise=noise, **options)

    together = sample([3, 1, 7, 5])
    torch.testing.assert_close(sample([7]), together[2:3], rtol=0, atol=0)
    torch.testing.assert_close(sample([5, 7, 1, 3])[3], together[0], rtol=0, atol=0)


def wavy_denoiser(schedule: Schedule) -> Denoise:
    """A denoiser that is not linear, and the less so the larger x is."""

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(schedule, t, x)
        x0 = 0.8 * torch.sin(2 * x)
        return x0, (x - alpha * x0) / sigma

    return denoise


def test_rk45_goes_at_its_own_pace_in_every_row() -> None:
    schedule = build_schedule(section("cosine"))
    times = time_grid(schedule, 20)
    x = start(times, 3) * torch.tensor([0.1, 1, 10]).view(-1, 1, 1, 1)

    def visited(rows: Tensor) -> Tensor:
        denoise = Counted(wavy_denoiser(schedule))
        SOLVERS["rk45"](denoise, rows, times, noise=no_noise, tolerance=1e-5)
        assert len(denoise.times) % 6 == 1
        return torch.stack(denoise.times)  # (calls, rows)

    together, alone = visited(x), [visited(x[row : row + 1])[:, 0] for row in range(3)]
    assert len({len(calls) for calls in alone}) == 3
    assert len(together) == max(len(calls) for calls in alone)
    for row, calls in enumerate(alone):
        assert torch.equal(together[: len(calls), row], calls)
        # there it waits
        assert bool((together[len(calls) :, row] == calls[-1]).all())


def test_rk45_needs_more_evaluations_for_a_smaller_tolerance() -> None:
    schedule = build_schedule(section("cosine"))
    times = time_grid(schedule, 20)
    calls = []
    for tolerance in (1e-3, 1e-5, 1e-7):
        denoise = Counted(wavy_denoiser(schedule))
        SOLVERS["rk45"](denoise, start(times), times, noise=no_noise, tolerance=tolerance)
        calls.append(len(denoise.times))
    assert calls[0] < calls[1] < calls[2]


def test_rk45_does_not_chase_the_rounding_of_float32() -> None:
    schedule = build_schedule(section("cosine"))
    times = time_grid(schedule, 20)
    calls = []
    for tolerance in (100 * torch.finfo(torch.float32).eps, 1e-12):
        denoise = Counted(wavy_denoiser(schedule))
        x = start(times, dtype=torch.float32)
        SOLVERS["rk45"](denoise, x, times, noise=no_noise, tolerance=tolerance)
        calls.append(len(denoise.times))
    assert calls[0] == calls[1]


def test_rk45_takes_no_step_longer_than_a_sixth_of_the_way() -> None:
    # however smooth the data: what is narrow and comes late would be passed over
    schedule = build_schedule(section("edm"))
    times = time_grid(schedule, 1)
    denoise = Counted(exact_denoiser(schedule))
    SOLVERS["rk45"](denoise, start(times), times, noise=no_noise, tolerance=1.0)
    assert len(denoise.times) == 1 + 6 * 6


def test_rk45_ends_when_no_step_is_good_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[SOLVERS["rk45"].__module__], "LEAST_STEP", 1e-2)
    schedule = build_schedule(section("cosine"))
    times = time_grid(schedule, 5)

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        x0 = 1e6 * torch.sin(1e9 * t).view(-1, 1, 1, 1).expand_as(x)
        return x0, x0

    counted = Counted(denoise)
    SOLVERS["rk45"](counted, start(times), times, noise=no_noise)
    assert len(counted.times) < 6 * 200


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_rk45_ends_when_the_network_gives_no_numbers(bad: float) -> None:
    schedule = build_schedule(section("cosine"))
    times = time_grid(schedule, 5)

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        x0, eps = exact_denoiser(schedule)(x, t)
        x0[1] = torch.where(t[1] < 0.5, bad, x0[1])
        return x0, eps

    counted = Counted(denoise)
    found = SOLVERS["rk45"](counted, start(times, 2), times, noise=no_noise)
    assert bool(found[0].isfinite().all())
    assert not bool(found[1].isfinite().any())
    assert len(counted.times) < 500


@pytest.mark.parametrize("name", CHURNED)
@pytest.mark.parametrize("process", ["cosine", "cosine, zero SNR", "rectified_flow", "edm"])
def test_churn_draws_one_noise_a_step_and_never_passes_the_noisiest_time(
    name: str, process: str
) -> None:
    schedule = build_schedule(PROCESSES[process])
    times = time_grid(schedule, 8)
    drawn: list[int] = []

    def noise(step: int) -> Tensor:
        drawn.append(step)
        return seeded_noise(range(8), SHAPE)(step)

    denoise = Counted(exact_denoiser(schedule))
    SOLVERS[name](denoise, start(times), times, noise=noise, churn=1e3)
    assert drawn == list(range(1, 8))  # the first level is t = 1 and cannot be raised
    assert max(float(t.max()) for t in denoise.times) <= 1
