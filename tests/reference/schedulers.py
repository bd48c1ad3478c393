"""What the comparisons with diffusers' schedulers share: a network, its options, our own run."""

from typing import Any

import torch
from torch import Tensor

from components.process.prediction import PREDICTIONS
from components.process.schedules import Schedule, build_schedule
from components.sampling.denoiser import denoiser
from components.sampling.noise import Noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import Times

SHAPE = (1, 8, 8)
SEEDS = [1, 2, 3]
LEAST_BAR = 2.0**-24
NAMES = {"eps": "epsilon", "x0": "sample", "v": "v_prediction"}


def network(x: Tensor, index: Tensor) -> Tensor:
    """A smooth, bounded stand-in for a network that depends on image and time."""
    return torch.tanh(0.9 * x + 0.3 * x.roll(1, -1)) * (0.5 + index.view(-1, 1, 1, 1) / 2000)


def discrete_schedule(name: str) -> Schedule:
    """A table of 1,000 by its name, or ``zero_snr`` and ``nearly_zero_snr``.

    ``nearly_zero_snr`` ends at ᾱ = 2⁻²⁴, as diffusers' `rescale_betas_zero_snr` does in every
    scheduler that works in σ/α and so cannot stand at 0. Theirs has lower values before, and so
    rises at its end; ours is held above, which no grid of 50 steps or fewer meets.
    """
    if name not in ("zero_snr", "nearly_zero_snr"):
        return build_schedule({"schedule": name, "steps": 1000})
    process = {"schedule": "linear", "steps": 1000, "zero_terminal_snr": True}
    schedule = build_schedule(process)
    if name == "zero_snr":
        return schedule
    bars = schedule.alphas_cumprod
    assert bars is not None
    least = LEAST_BAR * torch.arange(1000, 0, -1, dtype=torch.float64)
    unmet = torch.arange(1000) > 980
    table = torch.where(unmet, torch.maximum(bars, least), bars)
    return build_schedule({"schedule": "table", "steps": 1000, "table": table.tolist()})


def diffusers_options(schedule: Schedule, kind: str) -> dict[str, Any]:
    """What tells a scheduler of diffusers of ``schedule`` and the prediction ``kind``."""
    bars = schedule.alphas_cumprod
    assert bars is not None
    options = {"num_train_timesteps": schedule.steps, "prediction_type": NAMES[kind]}
    if bars[-1] == LEAST_BAR:  # `nearly_zero_snr`: their own rescale, of their own table
        return options | {"beta_schedule": "linear", "rescale_betas_zero_snr": True}
    before = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
    return options | {"trained_betas": (1 - bars / before).tolist()}


def run_ours(
    solver: str, schedule: Schedule, kind: str, times: Times, noise: Noise, **options: Any
) -> Tensor:
    """The solver's x0 with the stand-in network, from ``noise(-1)``."""

    def predict(x: Tensor, t: Tensor) -> Tensor:
        return network(x, schedule.timestep(t))

    denoise = denoiser(predict, schedule, PREDICTIONS[kind])
    return SOLVERS[solver](denoise, noise(-1), times, noise=noise, **options)


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference over the largest value."""
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()
