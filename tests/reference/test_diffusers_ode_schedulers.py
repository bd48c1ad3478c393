"""Our deterministic solvers against diffusers' on the same network, noise and time grid."""

from typing import Any

import pytest
from diffusers import (
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FlowMatchHeunDiscreteScheduler,
    HeunDiscreteScheduler,
    UniPCMultistepScheduler,
)
from torch import Tensor

from components.process.schedules import Schedule, build_schedule
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
STEPS = pytest.mark.parametrize("steps", [10, 25, 50])
KINDS = pytest.mark.parametrize("kind", ["eps", "v", "x0"])
TABLES = ["linear", "scaled_linear", "cosine", "sigmoid", "nearly_zero_snr"]
"""Where the SNR ends at 0, diffusers' tables end at ᾱ = 2⁻²⁴, and so does ours here."""


@pytest.fixture
def noise() -> Noise:
    return seeded_noise(SEEDS, SHAPE)


def output(x: Tensor, t: Tensor) -> Tensor:
    return network(x, t.expand(len(x)).float())


def in_x(theirs: Any, x: Tensor) -> Tensor:
    """The run of a scheduler that walks in x itself."""
    for t in theirs.timesteps:
        x = theirs.step(output(x, t), t, x).prev_sample
    return x


def in_level(theirs: Any, schedule: Schedule, times: Times, noise: Noise) -> Tensor:
    """The run of a scheduler that walks in x/α = √(1 + σ²) x, over ``times``.

    It starts there from our own noise: its `init_noise_sigma`, σ, leaves the 1 out.
    """
    index = (times.t[:-1] * schedule.steps).round() - 1
    theirs.set_timesteps(timesteps=index.tolist())
    x = noise(-1) * (1 + theirs.sigmas[0] ** 2).sqrt()
    for t in theirs.timesteps:
        x = theirs.step(output(theirs.scale_model_input(x, t), t), t, x).prev_sample
    return x


@pytest.mark.parametrize("name", TABLES)
@KINDS
@STEPS
def test_euler_agrees_with_diffusers(name: str, kind: str, steps: int, noise: Noise) -> None:
    schedule = discrete_schedule(name)
    times = time_grid(schedule, steps, "trailing")
    if name == "cosine":
        # it begins at σ/α = 20,000, where float32, in which theirs keeps x/α, is off by 10⁻³:
        # begin a step later (the whole grid: `test_karras_samplers`, in float64)
        times = times.from_step(1)
    theirs = EulerDiscreteScheduler(**diffusers_options(schedule, kind))
    ours = run_ours("euler", schedule, kind, times, noise)
    assert relative_error(ours, in_level(theirs, schedule, times, noise)) < TOLERANCE


@pytest.mark.parametrize("name", TABLES)
@KINDS
@STEPS
def test_heun_agrees_with_diffusers(name: str, kind: str, steps: int, noise: Noise) -> None:
    schedule = discrete_schedule(name)
    times = time_grid(schedule, steps, "trailing")
    if name in ("cosine", "sigmoid"):
        # in their first step α grows more than a hundredfold, where ours leaves σ/α (and theirs
        # magnifies x by up to 100): begin a step later
        times = times.from_step(1)
    options = diffusers_options(schedule, kind)
    options.pop("rescale_betas_zero_snr", None)
    theirs = HeunDiscreteScheduler(**options)
    if name == "nearly_zero_snr":  # it has no rescale of its own
        theirs.alphas_cumprod = schedule.alphas_cumprod
    ours = run_ours("heun", schedule, kind, times, noise)
    assert relative_error(ours, in_level(theirs, schedule, times, noise)) < TOLERANCE


@pytest.mark.parametrize("name", TABLES)
@KINDS
@STEPS
def test_dpmpp_2m_agrees_with_diffusers(name: str, kind: str, steps: int, noise: Noise) -> None:
    schedule = discrete_schedule(name)
    # final_sigmas_type "zero" ends at the clean image, by a first-order step at any length
    theirs = DPMSolverMultistepScheduler(
        **diffusers_options(schedule, kind),
        algorithm_type="dpmsolver++",
        solver_order=2,
        solver_type="midpoint",
        final_sigmas_type="zero",
        timestep_spacing="trailing",
    )
    theirs.set_timesteps(steps)
    ours = run_ours("dpmpp_2m", schedule, kind, time_grid(schedule, steps, "trailing"), noise)
    assert relative_error(ours, in_x(theirs, noise(-1))) < TOLERANCE


@pytest.mark.parametrize("name", TABLES)
@KINDS
@STEPS
def test_unipc_agrees_with_diffusers(name: str, kind: str, steps: int, noise: Noise) -> None:
    schedule = discrete_schedule(name)
    theirs = UniPCMultistepScheduler(
        **diffusers_options(schedule, kind),
        solver_order=2,
        solver_type="bh2",
        predict_x0=True,
        lower_order_final=True,
        final_sigmas_type="zero",
        timestep_spacing="trailing",
    )
    theirs.set_timesteps(steps)
    ours = run_ours("unipc", schedule, kind, time_grid(schedule, steps, "trailing"), noise)
    assert relative_error(ours, in_x(theirs, noise(-1))) < TOLERANCE


@pytest.mark.parametrize("solver", ["euler", "dpmpp_2m", "unipc"])
@pytest.mark.parametrize("kind", ["v", "x0"])
@STEPS
def test_a_table_that_ends_at_zero_is_the_limit_of_diffusers_tables(
    solver: str, kind: str, steps: int, noise: Noise
) -> None:
    # theirs end at α = 2⁻¹², so the two differ by about that at the noisiest time
    zero, nearly = discrete_schedule("zero_snr"), discrete_schedule("nearly_zero_snr")
    ours = run_ours(solver, zero, kind, time_grid(zero, steps), noise)
    theirs = run_ours(solver, nearly, kind, time_grid(nearly, steps), noise)
    assert relative_error(ours, theirs) < 2**-12


def flow_times(levels: Tensor) -> Times:
    """The path α = 1 − σ at the levels σ of a scheduler of diffusers, 0 at the end."""
    sigma = levels.double()
    return Times(sigma, 1 - sigma, sigma, flow())


def flow(shift: float = 1.0) -> Schedule:
    return build_schedule({"schedule": "rectified_flow", "steps": 1000, "snr_shift": shift})


@pytest.mark.parametrize("shift", [1.0, 3.0])
@STEPS
def test_euler_on_a_rectified_flow_agrees_with_diffusers(
    shift: float, steps: int, noise: Noise
) -> None:
    schedule = flow(shift)
    times = time_grid(schedule, steps, "trailing")
    theirs = FlowMatchEulerDiscreteScheduler(shift=shift)
    # handed the levels before the shift, as SD3's pipeline does: their own go through it twice
    theirs.set_timesteps(sigmas=times.t[:-1].tolist())
    ours = run_ours("euler", schedule, "flow", times, noise)
    assert relative_error(ours, in_x(theirs, noise(-1))) < TOLERANCE


@STEPS
def test_heun_on_a_rectified_flow_agrees_with_diffusers(steps: int, noise: Noise) -> None:
    theirs = FlowMatchHeunDiscreteScheduler()
    theirs.set_timesteps(steps)  # from 1 to 1/1000 in equal steps, then 0
    ours = run_ours("heun", flow(), "flow", time_grid(flow(), steps, "linspace"), noise)
    assert relative_error(ours, in_x(theirs, noise(-1))) < TOLERANCE


@pytest.mark.parametrize(
    ("solver", "scheduler"),
    [("dpmpp_2m", DPMSolverMultistepScheduler), ("unipc", UniPCMultistepScheduler)],
)
@STEPS
def test_multistep_solvers_on_a_rectified_flow_agree_with_diffusers(
    solver: str, scheduler: Any, steps: int, noise: Noise
) -> None:
    # UniPC's levels begin at 1 − 10⁻⁶ to keep λ finite; ours at 1
    theirs = scheduler(use_flow_sigmas=True, prediction_type="flow_prediction")
    theirs.set_timesteps(steps)
    x = noise(-1)
    for t, sigma in zip(theirs.timesteps, theirs.sigmas, strict=False):
        # the network is told 1000 σ; their own timesteps are that without its fraction
        x = theirs.step(output(x, 1000 * sigma), t, x).prev_sample
    levels = theirs.sigmas.clone()
    if solver == "unipc":
        assert levels[0] == pytest.approx(1 - 1e-6, abs=1e-7)
        levels[0] = 1
    ours = run_ours(solver, flow(), "flow", flow_times(levels), noise)
    assert relative_error(ours, x) < TOLERANCE
