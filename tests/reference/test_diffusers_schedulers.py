"""Our stochastic solvers against diffusers' on the same network, noise and time grid.

Everywhere diffusers' `clip_sample` is off, as our denoiser's `clip` is.
"""

import pytest
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
)
from torch import Tensor

from components.process.schedules import Schedule
from components.sampling.noise import Noise, seeded_noise
from components.sampling.times import Times, time_grid
from tests.reference.schedulers import (
    SEEDS,
    SHAPE,
    diffusers_options,
    discrete_schedule,
    network,
    relative_error,
    run_ours,
)

TOLERANCE = 1e-4
STEPS = [10, 25, 50]
TABLES = [
    (schedule, kind)
    for schedule in ("linear", "scaled_linear", "cosine", "sigmoid", "zero_snr")
    for kind in ("eps", "v", "x0")
    if (schedule, kind) != ("zero_snr", "eps")  # ε says nothing about x0 at α = 0
]
"""For schedulers that work with α and σ: they stand at α = 0."""

ALL_STEPS = [
    (schedule, kind, steps)
    for schedule, kind in TABLES
    for steps in [*STEPS, 1000]
    if steps < 1000 or kind == "v"
]
"""And every entry of the table in turn."""

LEVELS = [
    (schedule, kind)
    for schedule in ("linear", "scaled_linear", "cosine", "sigmoid", "nearly_zero_snr")
    for kind in ("eps", "v", "x0")
]
"""For those that work with σ/α: their tables end at ᾱ = 2⁻²⁴ where the SNR ends at 0."""


@pytest.fixture
def noise() -> Noise:
    return seeded_noise(SEEDS, SHAPE)


def index_of(schedule: Schedule, times: Times) -> Tensor:
    """The grid's times but the clean image as diffusers counts them."""
    return (times.t[:-1] * schedule.steps).round().long() - 1


def output(x: Tensor, t: Tensor) -> Tensor:
    return network(x, t.expand(len(x)).float())


@pytest.mark.parametrize(("name", "kind"), TABLES)
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim_agrees_with_diffusers(
    name: str, kind: str, steps: int, eta: float, noise: Noise
) -> None:
    schedule = discrete_schedule(name)
    if name == "zero_snr":
        # their √(1 − ᾱ_s − σ_η²) is the root of a rounding error there, and NaN if it is negative
        eta = min(eta, 0.999)
    # set_alpha_to_one: the last step ends at the clean image, as ours does
    theirs = DDIMScheduler(
        **diffusers_options(schedule, kind),
        timestep_spacing="trailing",
        set_alpha_to_one=True,
        clip_sample=False,
    )
    theirs.set_timesteps(steps)
    x = noise(-1)
    for i, t in enumerate(theirs.timesteps):
        drawn = noise(i) if eta else None
        x = theirs.step(output(x, t), t, x, eta=eta, variance_noise=drawn).prev_sample
    times = time_grid(schedule, steps, "trailing")
    ours = run_ours("ddim", schedule, kind, times, noise, eta=eta)
    assert relative_error(ours, x) < TOLERANCE


def diffusers_ddpm(
    schedule: Schedule,
    kind: str,
    times: Times,
    variance: str,
    noise: Noise,
    monkeypatch: pytest.MonkeyPatch,
) -> Tensor:
    theirs = DDPMScheduler(
        **diffusers_options(schedule, kind), variance_type=variance, clip_sample=False
    )
    if times.steps == schedule.steps:
        # their table is a running product in float32, whose rounding a thousand steps add up
        theirs.alphas_cumprod = schedule.alphas_cumprod
    theirs.set_timesteps(timesteps=index_of(schedule, times).tolist())
    drawn = iter(range(times.steps))
    # diffusers draws inside `step`; it is handed our noise, step by step
    monkeypatch.setattr(
        "diffusers.schedulers.scheduling_ddpm.randn_tensor",
        lambda shape, **kwargs: noise(next(drawn)),
    )
    x = noise(-1)
    for t in theirs.timesteps:
        x = theirs.step(output(x, t), t, x).prev_sample
    return x


@pytest.mark.parametrize(("name", "kind", "steps"), ALL_STEPS)
def test_ddpm_with_small_variance_agrees_with_diffusers(
    name: str, kind: str, steps: int, noise: Noise, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = discrete_schedule(name)
    times = time_grid(schedule, steps, "trailing")
    theirs = diffusers_ddpm(schedule, kind, times, "fixed_small", noise, monkeypatch)
    ours = run_ours("ddpm", schedule, kind, times, noise, variance="small")
    # diffusers floors the variance at 1e-20, which never shows here
    assert relative_error(ours, theirs) < TOLERANCE


@pytest.mark.parametrize(("name", "kind", "steps"), ALL_STEPS)
def test_ddpm_with_large_variance_agrees_with_diffusers_on_a_grid_to_the_first_entry(
    name: str, kind: str, steps: int, noise: Noise, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `linspace` ends at index 0, the only one from which diffusers adds no noise to the image
    schedule = discrete_schedule(name)
    times = time_grid(schedule, steps, "linspace")
    theirs = diffusers_ddpm(schedule, kind, times, "fixed_large", noise, monkeypatch)
    ours = run_ours("ddpm", schedule, kind, times, noise, variance="large")
    assert relative_error(ours, theirs) < TOLERANCE


def test_on_a_trailing_grid_diffusers_adds_the_large_variance_to_the_clean_image(
    noise: Noise, monkeypatch: pytest.MonkeyPatch
) -> None:
    # and we do not: their difference is that noise alone, √(1 − ᾱ) of the last time
    schedule = discrete_schedule("linear")
    times = time_grid(schedule, 10, "trailing")
    theirs = diffusers_ddpm(schedule, "v", times, "fixed_large", noise, monkeypatch)
    ours = run_ours("ddpm", schedule, "v", times, noise, variance="large")
    added = times.sigma[-2].item() * noise(9)
    assert relative_error(ours + added, theirs) < TOLERANCE


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kind in LEVELS if kind != "x0"])
@pytest.mark.parametrize("steps", STEPS)
def test_euler_ancestral_agrees_with_diffusers(
    name: str, kind: str, steps: int, noise: Noise, monkeypatch: pytest.MonkeyPatch
) -> None:
    # diffusers has no x0 prediction here
    schedule = discrete_schedule(name)
    theirs = EulerAncestralDiscreteScheduler(
        **diffusers_options(schedule, kind), timestep_spacing="trailing"
    )
    theirs.set_timesteps(steps)
    drawn = iter(range(steps))
    monkeypatch.setattr(
        "diffusers.schedulers.scheduling_euler_ancestral_discrete.randn_tensor",
        lambda shape, **kwargs: noise(next(drawn)),
    )
    # theirs walks in x/α = √(1 + σ²) x; its own start, σ z, leaves the 1 out
    x = noise(-1) * (1 + theirs.sigmas[0] ** 2).sqrt()
    for t in theirs.timesteps:
        x = theirs.step(output(theirs.scale_model_input(x, t), t), t, x).prev_sample
    times = time_grid(schedule, steps, "trailing")
    ours = run_ours("euler_ancestral", schedule, kind, times, noise)
    assert relative_error(ours, x) < TOLERANCE


@pytest.mark.parametrize(("name", "kind"), LEVELS)
@pytest.mark.parametrize("steps", STEPS)
def test_sde_dpm_solver_agrees_with_diffusers(
    name: str, kind: str, steps: int, noise: Noise
) -> None:
    schedule = discrete_schedule(name)
    # final_sigmas_type "zero" ends at the clean image, by a first-order step at any length
    theirs = DPMSolverMultistepScheduler(
        **diffusers_options(schedule, kind),
        algorithm_type="sde-dpmsolver++",
        solver_order=2,
        solver_type="midpoint",
        final_sigmas_type="zero",
        timestep_spacing="trailing",
    )
    theirs.set_timesteps(steps)
    x = noise(-1)
    for i, t in enumerate(theirs.timesteps):
        x = theirs.step(output(x, t), t, x, variance_noise=noise(i)).prev_sample
    times = time_grid(schedule, steps, "trailing")
    ours = run_ours("dpmpp_2m_sde", schedule, kind, times, noise)
    assert relative_error(ours, x) < TOLERANCE
