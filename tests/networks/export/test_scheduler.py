"""An exported scheduler steps as our solvers do, at any number of steps, in either order."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from components.generation.denoising import build_denoiser, encode_conditions
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.networks.export.scheduler import Manner, diffusers_scheduler
from components.sampling.noise import seeded_noise
from components.spec.sections.sampling import SamplingSpec
from tests.decibels import decibels
from tests.model_config import model_config

TABLE = [0.999, 0.9, 0.5, 0.1, 0.01]
PROCESSES: list[dict[str, Any]] = [
    {"schedule": "linear"},
    {"schedule": "cosine", "snr_shift": 2.0},
    {"schedule": "table", "table": TABLE},
    {"schedule": "linear", "zero_terminal_snr": True},
    {"schedule": "linear", "steps": 777},
    {"schedule": "rectified_flow", "snr_shift": 3.0},
    {"schedule": "edm"},
]
FIT = [
    process | {"prediction": kind}
    for process in PROCESSES
    for kind in ("eps", "x0", "v", "flow", "edm")
    if kind != "eps"
    or not (process.get("zero_terminal_snr") or process["schedule"] == "rectified_flow")
]
STEPS = (10, 13, 20, 30, 50, 60)
ORDERS = {"ddim": 1, "dpmpp_2m": 2}


class Bent(nn.Module):
    """A network that costs nothing: bent in x, and another at each time."""

    def __init__(self) -> None:
        super().__init__()
        self.where = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, timestep: Tensor) -> Tensor:
        height = (timestep.float() / 300).cos().reshape(-1, 1, 1, 1)
        return 0.8 * (1.5 * x).tanh() + 0.2 * height


def model_of(process: dict[str, Any]) -> Checkpoint:
    return replace(new_checkpoint(model_config("none", size=4, **process), 0), network=Bent())


def ours(model: Checkpoint, **sampling: Any) -> Tensor:
    sampler = Sampler(model, SamplingSpec(**sampling))
    conditions = encode_conditions(sampler, Prompts.of([-1, -1], ["", ""]))
    noise = seeded_noise([0, 1], model.codec.shape)
    start = sampler.times.start_scale * noise(-1)
    return sampler.solver(build_denoiser(sampler, conditions), start, sampler.times, noise=noise)


def theirs(model: Checkpoint, scheduler: Any, steps: int) -> Tensor:
    scheduler.set_timesteps(steps)
    x = scheduler.init_noise_sigma * seeded_noise([0, 1], model.codec.shape)(-1)
    for t in scheduler.timesteps:
        output = model.network(scheduler.scale_model_input(x, t), t)
        x = scheduler.step(output, t, x).prev_sample
    return x


@torch.inference_mode()
@pytest.mark.parametrize("solver", ORDERS)
def test_it_draws_as_our_solver_does_at_every_number_of_steps(solver: str) -> None:
    found = {}
    for process, clip in [*((each, False) for each in FIT), *((each, True) for each in FIT[::3])]:
        model = model_of(process)
        scheduler = diffusers_scheduler(model, Manner(clip, ORDERS[solver]))
        for steps in STEPS:
            expected = ours(model, solver=solver, steps=steps, clip=clip)
            alike = decibels(theirs(model, scheduler, steps), expected)
            found[f"{process}, {steps} steps, clip {clip}"] = alike
    assert not {case: alike for case, alike in found.items() if alike < 60}
