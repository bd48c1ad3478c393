"""Laws of every solver: a new one is covered the moment it is registered."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from components.process.diffuse import coefficients
from components.process.schedules import Schedule, build_schedule
from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise, seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import GRIDS, Times, time_grid, times_at
from components.spec.catalogue import SOLVERS as CATALOGUE
from components.spec.cost import planned_cost
from components.spec.sections.sampling import SamplingSpec

SHAPE = (1, 4, 4)
SCHEDULE = build_schedule({"schedule": "cosine", "steps": 1000})
PROCESSES = {
    "cosine": SCHEDULE,
    "zero SNR": build_schedule({"schedule": "linear", "steps": 1000, "zero_terminal_snr": True}),
    "flow": build_schedule({"schedule": "rectified_flow", "steps": 1000}),
    "edm": build_schedule({"schedule": "edm", "steps": 1000}),
}

VARIANTS: dict[str, dict[str, Any]] = {
    **{name: {} for name in SOLVERS},
    "ddim eta": {"eta": 1.0},
    "ddpm large": {"variance": "large"},
    "euler churn": {"churn": 20.0},
    "heun churn": {"churn": 20.0},
    "langevin long": {"corrector_steps": 2, "corrector_snr": 0.9},
    "predictor_corrector long": {"corrector_steps": 2},
}
"""Every solver as it comes, and with what makes it draw more noise."""

WITHOUT_NOISE = [name for name in SOLVERS if not CATALOGUE[name].draws_noise]
EVERY = pytest.mark.parametrize("variant", VARIANTS)


def solve(
    variant: str,
    denoise: Denoise,
    x: Tensor,
    times: Times,
    noise: Noise,
    callback: Callable[[int], None] | None = None,
) -> Tensor:
    solver = SOLVERS[variant.split()[0]]
    return solver(denoise, x, times, noise=noise, callback=callback, **VARIANTS[variant])


def exact_denoiser(schedule: Schedule, mean: float, std: float) -> Denoise:
    """The posterior mean for data N(mean, std²): what a perfect network would give."""

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(schedule, t, x)
        whitened = (x - alpha * mean) / (alpha**2 * std**2 + sigma**2)
        return mean + alpha * std**2 * whitened, sigma * whitened

    return denoise


def consistency_function(schedule: Schedule, mean: float, std: float) -> Denoise:
    """The end of the probability-flow path through x_t: what distillation would give."""

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(schedule, t, x)
        x0 = mean + std * (x - alpha * mean) / (alpha**2 * std**2 + sigma**2).sqrt()
        return x0, (x - alpha * x0) / sigma

    return denoise


def perfect(variant: str, schedule: Schedule, mean: float = 0.1, std: float = 0.7) -> Denoise:
    distilled = CATALOGUE[variant.split()[0]].distilled
    make = consistency_function if distilled else exact_denoiser
    return make(schedule, mean, std)


def bulk_noise(count: int) -> Noise:
    """All rows from one generator: quicker than `seeded_noise`."""
    generator = torch.Generator().manual_seed(3)
    return lambda step: torch.randn(count, *SHAPE, generator=generator)


def forbidden(step: int) -> Tensor:
    raise AssertionError("noise was drawn")


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_a_solver_has_the_one_signature_with_the_options_and_defaults_of_the_spec(
    name: str,
) -> None:
    parameters = inspect.signature(SOLVERS[name]).parameters
    positional = [key for key, p in parameters.items() if p.kind == p.POSITIONAL_OR_KEYWORD]
    keyword = {key: p.default for key, p in parameters.items() if p.kind == p.KEYWORD_ONLY}
    assert positional == ["denoise", "x", "times"]
    assert keyword.pop("noise") is inspect.Parameter.empty
    assert keyword.pop("callback") is None
    fields = SamplingSpec.model_fields
    assert keyword == {option: fields[option].default for option in CATALOGUE[name].options}


# without options Langevin dynamics is far from its end, as its docstring says
REACHING = [variant for variant in VARIANTS if variant != "langevin"]


def check_gaussian(x: Tensor, mean: float, std: float) -> None:
    n = x.numel()
    assert x.mean().item() == pytest.approx(mean, abs=4 * std / n**0.5 + 0.003)
    # 500 steps are not the limit: what is of first order leaves the spread 2 % off at most
    assert x.std().item() == pytest.approx(std, rel=4 * (0.5 / n) ** 0.5 + 0.02)


@pytest.mark.parametrize("variant", REACHING)
@pytest.mark.parametrize("grid", sorted(GRIDS))
def test_every_solver_draws_gaussian_data_on_every_grid(variant: str, grid: str) -> None:
    noise, times = bulk_noise(1000), time_grid(SCHEDULE, 500, grid)
    x = solve(variant, perfect(variant, SCHEDULE, 0.3, 0.5), noise(-1), times, noise)
    check_gaussian(x, 0.3, 0.5)


@pytest.mark.parametrize("variant", REACHING)
@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_every_solver_draws_gaussian_data_on_every_process(variant: str, process: str) -> None:
    schedule = PROCESSES[process]
    noise, times = bulk_noise(1000), time_grid(schedule, 500)
    start = times.start_scale * noise(-1)
    x = solve(variant, perfect(variant, schedule, 0.3, 0.5), start, times, noise)
    check_gaussian(x, 0.3, 0.5)


@pytest.mark.parametrize("variant", REACHING)
@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_a_grid_that_ends_earlier_leaves_the_noise_of_its_end(variant: str, process: str) -> None:
    schedule = PROCESSES[process]
    times = times_at(schedule, torch.linspace(1, 0.3, 401, dtype=torch.float64))
    noise, alpha, sigma = bulk_noise(1000), float(times.alpha[-1]), float(times.sigma[-1])
    start = times.start_scale * noise(-1)
    x = solve(variant, perfect(variant, schedule, 0.3, 0.5), start, times, noise)
    variance = (0.5 * alpha) ** 2 + sigma**2
    if variant == "langevin long":  # what its step size makes of it, as `langevin_steps` says
        variance /= 1 - (VARIANTS[variant]["corrector_snr"] * sigma) ** 2 / variance
    check_gaussian(x, alpha * 0.3, variance**0.5)


# torch's generator on the CPU reads 32 bits of a seed
SEEDS = st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=6, unique=True)


@EVERY
@settings(max_examples=8, deadline=None)
@given(seeds=SEEDS, data=st.data())
def test_a_seed_fixes_its_image_whatever_the_batch_and_the_order(
    variant: str, seeds: list[int], data: st.DataObject
) -> None:
    times, denoise = time_grid(SCHEDULE, 4), perfect(variant, SCHEDULE)

    def sample(chosen: list[int]) -> Tensor:
        noise = seeded_noise(chosen, SHAPE)
        return solve(variant, denoise, noise(-1), times, noise)

    order = data.draw(st.permutations(seeds))
    cut = data.draw(st.integers(1, len(seeds) - 1))
    together = dict(zip(seeds, sample(seeds), strict=True))
    apart = [*sample(order[:cut]), *sample(order[cut:])]
    for seed, image in zip(order, apart, strict=True):
        assert torch.equal(image, together[seed])
    assert len({tuple(image.flatten().tolist()) for image in together.values()}) == len(seeds)


@pytest.mark.parametrize("variant", WITHOUT_NOISE)
@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_a_solver_of_the_ode_is_deterministic(variant: str, process: str) -> None:
    schedule = PROCESSES[process]
    times = time_grid(schedule, 5)
    start = times.start_scale * seeded_noise([0], SHAPE)(-1)
    images = [solve(variant, perfect(variant, schedule), start, times, forbidden) for _ in range(2)]
    assert torch.equal(images[0], images[1])


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name not in WITHOUT_NOISE])
def test_a_stochastic_solver_depends_on_nothing_but_its_start_and_noise(variant: str) -> None:
    times, start = time_grid(SCHEDULE, 5), seeded_noise([0], SHAPE)(-1)
    first, again, other = (
        solve(variant, perfect(variant, SCHEDULE), start, times, seeded_noise([seed], SHAPE))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=1e-3)


@EVERY
def test_no_noise_is_used_twice_and_none_is_that_of_the_start(variant: str) -> None:
    keys = []

    def noise(key: int) -> Tensor:
        keys.append(key)
        return torch.zeros(1, *SHAPE)

    solve(variant, perfect(variant, SCHEDULE), torch.ones(1, *SHAPE), time_grid(SCHEDULE, 7), noise)
    assert len(set(keys)) == len(keys)
    assert min(keys, default=0) >= 0
    assert (keys == []) == (variant in WITHOUT_NOISE)


@EVERY
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_solver_costs_what_is_planned_and_calls_back_after_each_step(
    variant: str, steps: int
) -> None:
    calls, told = [], []
    inner = perfect(variant, SCHEDULE)

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        assert t.shape == (2,)
        assert t.dtype == torch.float64
        calls.append(len(told))
        return inner(x, t)

    noise, times = seeded_noise([0, 1], SHAPE), time_grid(SCHEDULE, steps)
    solve(variant, denoise, noise(-1), times, noise, told.append)
    assert told == list(range(steps))
    assert max(calls) < steps  # nothing is evaluated after the last report
    solver = variant.split()[0]
    spec = {"solver": solver, "steps": steps, **VARIANTS[variant]}
    cost = planned_cost(spec, conditional=False)
    assert cost.certainty == ("about" if CATALOGUE[solver].adaptive else "exactly")
    if cost.certainty == "exactly":
        assert len(calls) == cost.evaluations


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_image_has_the_type_and_shape_of_its_start(variant: str, dtype: torch.dtype) -> None:
    noise, times = seeded_noise([0, 1], SHAPE), time_grid(SCHEDULE, 5)
    start = noise(-1).to(dtype)
    kept = start.clone()
    x = solve(variant, perfect(variant, SCHEDULE), start, times, lambda step: noise(step).to(dtype))
    assert x.dtype == dtype
    assert x.shape == start.shape
    assert torch.equal(start, kept)  # and the start is left as it was


ANCESTRAL = {
    "euler_ancestral": {},
    "ddim": {"eta": 1.0},
    "predictor_corrector": {"corrector_snr": 1e-9},  # a corrector that does not move
}


@pytest.mark.parametrize("process", sorted(PROCESSES))
@pytest.mark.parametrize("name", sorted(ANCESTRAL))
def test_ancestral_sampling_has_several_names(name: str, process: str) -> None:
    # the posterior with small variance: Song 2020, section 4.1, for DDIM
    schedule = PROCESSES[process]
    noise, times = seeded_noise(range(8), SHAPE), time_grid(schedule, 25)
    start = times.start_scale * noise(-1).double()
    denoise = exact_denoiser(schedule, 0.1, 0.7)
    ddpm = SOLVERS["ddpm"](denoise, start, times, noise=noise)
    other = SOLVERS[name](denoise, start, times, noise=noise, **ANCESTRAL[name])
    torch.testing.assert_close(other, ddpm, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(("process", "steps"), [("cosine", 2), ("edm", 2), ("zero SNR", 3)])
def test_the_sde_solver_takes_its_ends_by_ancestral_steps(process: str, steps: int) -> None:
    # the first step, the last one, and the one after a step from α = 0 have no slope to use
    schedule = PROCESSES[process]
    noise, times = seeded_noise(range(8), SHAPE), time_grid(schedule, steps)
    start = times.start_scale * noise(-1).double()
    denoise = exact_denoiser(schedule, 0.1, 0.7)
    ddpm = SOLVERS["ddpm"](denoise, start, times, noise=noise)
    sde = SOLVERS["dpmpp_2m_sde"](denoise, start, times, noise=noise)
    torch.testing.assert_close(sde, ddpm, rtol=1e-9, atol=1e-9)
    longer = time_grid(schedule, steps + 1)
    ddpm = SOLVERS["ddpm"](denoise, start, longer, noise=noise)
    sde = SOLVERS["dpmpp_2m_sde"](denoise, start, longer, noise=noise)
    assert (sde - ddpm).abs().max() > 1e-3


def test_large_variance_is_that_of_the_forward_step_and_spares_the_clean_image() -> None:
    times = time_grid(SCHEDULE, 2)
    alpha_ts = times.alpha[0] / times.alpha[1]
    beta = times.sigma[0] ** 2 - alpha_ts**2 * times.sigma[1] ** 2
    noises = [torch.zeros(1, *SHAPE), torch.ones(1, *SHAPE)]
    seen: list[Tensor] = []

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(x)
        return torch.zeros_like(x), x

    still, noisy = (
        SOLVERS["ddpm"](
            denoise, torch.zeros(1, *SHAPE), times, noise=lambda i, z=z: z, variance="large"
        )
        for z in noises
    )
    torch.testing.assert_close(seen[3] - seen[1], beta.sqrt().float() * noises[1])
    assert torch.equal(still, noisy)  # both are the denoiser's x0


def test_ddim_without_eta_runs_towards_noise_too() -> None:
    # from σ = 0, as inversion does: no variance is asked of a posterior that there is not
    rising = times_at(SCHEDULE, torch.linspace(0, 1, 11, dtype=torch.float64))
    image = torch.full((1, *SHAPE), 0.4, dtype=torch.float64)
    denoise = exact_denoiser(SCHEDULE, 0.1, 0.7)
    ddim, euler = (
        SOLVERS[name](denoise, image, rising, noise=forbidden) for name in ("ddim", "euler")
    )
    assert bool(ddim.isfinite().all())
    torch.testing.assert_close(ddim, euler, rtol=0, atol=1e-12)


@pytest.mark.parametrize("process", ["flow", "cosine"])
def test_langevin_moves_the_mean_with_the_process(process: str) -> None:
    # data at one point: after each level x is that point's noisy image, whatever the step size
    schedule = PROCESSES[process]
    times = times_at(schedule, torch.tensor([0.9, 0.5, 0.1], dtype=torch.float64))
    seen = []

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(schedule, t, x)
        seen.append(float((x - alpha * 0.8).abs().max()))
        return torch.full_like(x, 0.8), (x - alpha * 0.8) / sigma

    start = torch.full((1, *SHAPE), float(times.alpha[0]) * 0.8, dtype=torch.float64)
    SOLVERS["langevin"](denoise, start, times, noise=lambda i: torch.zeros(1, *SHAPE))
    assert len(seen) == 3
    assert max(seen) < 1e-12
