"""Our DDIM and DDPM against diffusers' on the same network, noise and time grid."""

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from torch import Tensor

from components.process.prediction import PREDICTIONS
from components.process.schedules import SCHEDULES, Schedule
from components.sampling.denoiser import denoiser
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import time_grid

SHAPE = (1, 8, 8)
NAMES = {"eps": "epsilon", "x0": "sample", "v": "v_prediction"}


def network(x: Tensor, index: Tensor) -> Tensor:
    """A smooth, bounded stand-in for a network that depends on image and time."""
    return torch.tanh(0.9 * x + 0.3 * x.roll(1, -1)) * (0.5 + index.view(-1, 1, 1, 1) / 2000)


def options(schedule: Schedule, kind: str) -> dict[str, object]:
    bars = schedule.alphas_cumprod
    before = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
    return {
        "trained_betas": (1 - bars / before).tolist(),
        "num_train_timesteps": schedule.steps,
        "prediction_type": NAMES[kind],
        "timestep_spacing": "trailing",
        "clip_sample": False,  # our denoiser's `clip` is off here as well
    }


@pytest.mark.parametrize("schedule_name", sorted(SCHEDULES))
@pytest.mark.parametrize("kind", ["eps", "v", "x0"])
@pytest.mark.parametrize("steps", [10, 25, 50])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim_agrees_with_diffusers(schedule_name: str, kind: str, steps: int, eta: float) -> None:
    schedule = SCHEDULES[schedule_name](1000)
    noise = seeded_noise([1, 2, 3], SHAPE)
    # set_alpha_to_one: the last step ends at the clean image, as ours does
    theirs = DDIMScheduler(set_alpha_to_one=True, **options(schedule, kind))
    theirs.set_timesteps(steps)
    x = noise(-1)
    for i, t in enumerate(theirs.timesteps):
        output = network(x, t.expand(3).float())
        x = theirs.step(output, t, x, eta=eta, variance_noise=noise(i) if eta else None).prev_sample
    ours = run("ddim", schedule, kind, steps, noise, eta)
    scale = x.abs().max()
    assert ((ours - x).abs().max() / scale).item() < 1e-4


@pytest.mark.parametrize("schedule_name", sorted(SCHEDULES))
@pytest.mark.parametrize("kind", ["eps", "v", "x0"])
@pytest.mark.parametrize("steps", [10, 25, 50, 1000])
def test_ddpm_agrees_with_diffusers(
    schedule_name: str, kind: str, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = SCHEDULES[schedule_name](1000)
    noise = seeded_noise([1, 2, 3], SHAPE)
    theirs = DDPMScheduler(variance_type="fixed_small", **options(schedule, kind))
    if steps == 1000:
        # their table is a running product in float32, whose rounding a thousand steps add up
        theirs.alphas_cumprod = schedule.alphas_cumprod
    theirs.set_timesteps(steps)
    drawn = iter(range(steps))
    # diffusers draws inside `step`; it is handed our noise, step by step
    monkeypatch.setattr(
        "diffusers.schedulers.scheduling_ddpm.randn_tensor",
        lambda shape, **kwargs: noise(next(drawn)),
    )
    x = noise(-1)
    for t in theirs.timesteps:
        x = theirs.step(network(x, t.expand(3).float()), t, x).prev_sample
    ours = run("ddpm", schedule, kind, steps, noise, 0.0)
    # diffusers floors the variance at 1e-20, which never shows here
    assert ((ours - x).abs().max() / x.abs().max()).item() < 1e-4


def run(
    solver: str, schedule: Schedule, kind: str, steps: int, noise: object, eta: float
) -> Tensor:
    def predict(x: Tensor, t: Tensor) -> Tensor:
        return network(x, schedule.timestep(t))

    denoise = denoiser(predict, schedule, PREDICTIONS[kind])
    times = time_grid(schedule, steps, "trailing")
    return SOLVERS[solver](denoise, noise(-1), times, noise=noise, eta=eta)  # type: ignore[operator]
