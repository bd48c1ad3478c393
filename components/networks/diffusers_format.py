"""A checkpoint as diffusers writes it: unet/ and scheduler/."""

import shutil
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.networks.checkpoint import FILE_NAME, Checkpoint, load_checkpoint
from components.networks.unet import DenoisingUNet

PREDICTION_NAMES = {"eps": "epsilon", "x0": "sample", "v": "v_prediction"}


def save_diffusers(model: Path, out: Path) -> None:
    """Write the checkpoint in ``model`` into ``out``: model.safetensors, unet/, scheduler/.

    Loads with ``UNet2DModel`` (or ``UNet2DConditionModel``) and the scheduler's
    ``from_pretrained``; an unconditional model on a discrete schedule is a whole
    ``DDIMPipeline``.

    Raises:
        AlphabarError: diffusers has no scheduler for the model's process.
    """
    checkpoint = load_checkpoint(model)
    network = checkpoint.network
    assert isinstance(network, DenoisingUNet)
    scheduler = diffusers_scheduler(checkpoint)
    shutil.copyfile(model / FILE_NAME, out / FILE_NAME)
    network.unet.save_pretrained(out / "unet", safe_serialization=True)
    scheduler.save_pretrained(out / "scheduler")
    discrete = checkpoint.schedule.alphas_cumprod is not None
    if checkpoint.config["conditioning"]["encoder"] == "none" and discrete:
        from diffusers import DDIMPipeline

        pipeline: Any = DDIMPipeline(network.unet, scheduler)
        pipeline.save_pretrained(out)


def diffusers_scheduler(checkpoint: Checkpoint) -> Any:
    """DDIM on the checkpoint's own table, or flow matching, with our time grid.

    Raises:
        AlphabarError: diffusers has no such scheduler.
    """
    process = checkpoint.config["process"]
    schedule, prediction = process["schedule"], process["prediction"]
    bars = checkpoint.schedule.alphas_cumprod
    if bars is not None and prediction in PREDICTION_NAMES:
        from diffusers import DDIMScheduler

        betas = 1 - bars / bars.roll(1).index_fill(0, bars.new_zeros(1).long(), 1.0)
        return DDIMScheduler(
            num_train_timesteps=checkpoint.schedule.steps,
            trained_betas=betas.tolist(),
            prediction_type=PREDICTION_NAMES[prediction],
            clip_sample=True,
            set_alpha_to_one=True,
            timestep_spacing="trailing",
        )
    if (schedule, prediction) == ("rectified_flow", "flow"):
        from diffusers import FlowMatchEulerDiscreteScheduler

        return FlowMatchEulerDiscreteScheduler(
            num_train_timesteps=1000, shift=process.get("snr_shift", 1.0)
        )
    raise AlphabarError(
        f"diffusers has no scheduler for schedule `{schedule}` with prediction `{prediction}`",
        "use the model.safetensors with alphabar; diffusers knows eps, x0 and v on discrete "
        "schedules, and flow on rectified_flow",
    )
