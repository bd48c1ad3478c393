"""An exported model draws in diffusers what it draws here."""

from pathlib import Path

import pytest
import torch

from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.networks.diffusers_format import save_diffusers
from components.sampling.denoiser import denoiser
from components.sampling.guidance import guided
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import time_grid
from components.spec.models import ConditioningSpec, NetworkSpec, ProcessSpec


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("prediction", ["v", "eps"])
def test_diffusers_draws_the_same_images(tmp_path: Path, schedule: str, prediction: str) -> None:
    from diffusers import DDIMScheduler, UNet2DModel

    process = ProcessSpec(schedule=schedule, prediction=prediction)
    config = {
        "process": process.model_dump(mode="json"),
        "network": NetworkSpec(channels=[8, 16]).model_dump(mode="json"),
        "conditioning": ConditioningSpec().model_dump(mode="json"),
        "images": {"size": 8, "channels": 1, "classes": ["a", "b"]},
    }
    model = new_checkpoint(config, seed=0)
    save_checkpoint(tmp_path, config, model.network)
    (tmp_path / "out").mkdir()
    save_diffusers(tmp_path, tmp_path / "out")
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
        predict = guided(ours.predict, {"class_labels": labels}, {}, 1.0)
        denoise = denoiser(predict, ours.schedule, ours.prediction, clip=True)
        times = time_grid(ours.schedule, 10)
        mine = SOLVERS["ddim"](denoise, noise(-1), times, noise=noise)
    assert (mine - x).abs().max().item() < 1e-4 * x.abs().max().item()
