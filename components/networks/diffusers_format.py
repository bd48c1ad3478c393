"""A checkpoint as diffusers writes it: unet/ and scheduler/."""

import shutil
from pathlib import Path
from typing import Any

from diffusers import DDIMScheduler

from components.networks.checkpoint import FILE_NAME, Checkpoint, load_checkpoint
from components.networks.unet import DenoisingUNet

PREDICTION_NAMES = {"eps": "epsilon", "x0": "sample", "v": "v_prediction"}


def save_diffusers(model: Path, out: Path) -> None:
    """Write the checkpoint in ``model`` into ``out``: model.safetensors, unet/, scheduler/.

    Loads with ``UNet2DModel`` (or ``UNet2DConditionModel``) and ``DDIMScheduler``'s
    ``from_pretrained``; an unconditional model is a whole ``DDIMPipeline``.
    """
    checkpoint = load_checkpoint(model)
    network = checkpoint.network
    assert isinstance(network, DenoisingUNet)
    shutil.copyfile(model / FILE_NAME, out / FILE_NAME)
    network.unet.save_pretrained(out / "unet", safe_serialization=True)
    ddim_scheduler(checkpoint).save_pretrained(out / "scheduler")
    if checkpoint.config["conditioning"]["encoder"] == "none":
        from diffusers import DDIMPipeline

        pipeline: Any = DDIMPipeline(network.unet, ddim_scheduler(checkpoint))
        pipeline.save_pretrained(out)


def ddim_scheduler(checkpoint: Checkpoint) -> Any:
    """diffusers' DDIM on the checkpoint's own table, with our time grid."""
    bars = checkpoint.schedule.alphas_cumprod
    betas = 1 - bars / bars.roll(1).index_fill(0, bars.new_zeros(1).long(), 1.0)
    return DDIMScheduler(
        num_train_timesteps=checkpoint.schedule.steps,
        trained_betas=betas.tolist(),
        prediction_type=PREDICTION_NAMES[checkpoint.config["process"]["prediction"]],
        clip_sample=True,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
