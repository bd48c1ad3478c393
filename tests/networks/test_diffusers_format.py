"""An exported model draws in diffusers what it draws here."""

from pathlib import Path
from typing import Any

import pytest
import torch

from components.errors import AlphabarError
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.networks.diffusers_format import save_diffusers
from components.sampling.denoiser import denoiser
from components.sampling.network import Conditioned
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import time_grid
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec


def export(folder: Path, **process: Any) -> None:
    """A new model in ``folder``, and what diffusers reads of it in ``folder``/out."""
    config = {
        "process": ProcessSpec(**process).model_dump(mode="json"),
        "network": NetworkSpec(channels=[8, 16]).model_dump(mode="json"),
        "conditioning": ConditioningSpec().model_dump(mode="json"),
        "images": {"size": 8, "channels": 1, "classes": ["a", "b"]},
    }
    model = new_checkpoint(config, seed=0)
    save_checkpoint(folder, config, model.network)
    (folder / "out").mkdir()
    save_diffusers(folder, folder / "out")


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("prediction", ["v", "eps"])
def test_diffusers_draws_the_same_images(
    tmp_path: Path, schedule: str, prediction: str, zero: bool
) -> None:
    from diffusers import DDIMScheduler, UNet2DModel

    if zero and prediction == "eps":
        return  # refused by the experiment file: ε says nothing where the SNR is 0
    export(tmp_path, schedule=schedule, prediction=prediction, zero_terminal_snr=zero)
    unet = UNet2DModel.from_pretrained(tmp_path / "out" / "unet")
    scheduler = DDIMScheduler.from_pretrained(tmp_path / "out" / "scheduler")

    noise, labels = seeded_noise([0, 1], (1, 8, 8)), torch.tensor([0, 1])
    scheduler.set_timesteps(10)
    x = noise(-1)
    ours = load_checkpoint(tmp_path)
    with torch.inference_mode():
        for t in scheduler.timesteps:
            output = unet(x, t, class_labels=labels).sample
            x = scheduler.step(output, t, x, use_clipped_model_output=True).prev_sample
        predict = Conditioned(ours.predict, {"class_labels": labels})
        denoise = denoiser(predict, ours.schedule, ours.prediction, clip=True)
        times = time_grid(ours.schedule, 10)
        mine = SOLVERS["ddim"](denoise, noise(-1), times, noise=noise)
    assert (mine - x).abs().max().item() < 1e-4 * x.abs().max().item()


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_diffusers_draws_the_same_images_along_the_straight_path(
    tmp_path: Path, shift: float
) -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler, UNet2DModel

    export(tmp_path, schedule="rectified_flow", prediction="flow", snr_shift=shift)
    unet = UNet2DModel.from_pretrained(tmp_path / "out" / "unet")
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(tmp_path / "out" / "scheduler")
    noise, labels = seeded_noise([0, 1], (1, 8, 8)), torch.tensor([0, 1])
    ours = load_checkpoint(tmp_path)
    times = time_grid(ours.schedule, 10)
    # its own grid ends at 1/1000; handed the unshifted times, it walks ours
    scheduler.set_timesteps(sigmas=times.t[:-1].tolist())
    x = noise(-1)
    with torch.inference_mode():
        for t in scheduler.timesteps:
            output = unet(x, t, class_labels=labels).sample
            x = scheduler.step(output, t, x).prev_sample
        predict = Conditioned(ours.predict, {"class_labels": labels})
        denoise = denoiser(predict, ours.schedule, ours.prediction)
        mine = SOLVERS["ddim"](denoise, noise(-1), times, noise=noise)
    assert (mine - x).abs().max().item() < 1e-4 * x.abs().max().item()


def test_what_diffusers_cannot_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="no scheduler for schedule `edm`"):
        export(tmp_path, schedule="edm", prediction="edm")
