"""The scheduler of an exported model: one that draws the same images at any number of steps."""

from typing import Any

import torch

from components.networks.checkpoint import Checkpoint
from components.spec.catalogue import PREDICTIONS

LEAST_BAR = 2.0**-24
"""ᾱ in the place of 0, as in diffusers' `rescale_betas_zero_snr`: its solvers work in σ/α."""

ROUNDED_BAR = 1e-6
"""diffusers keeps its table in float32; read from ε, an x0 that is not clipped has those
roundings times 1/α, and below this ᾱ they show in the image."""


def diffusers_scheduler(checkpoint: Checkpoint, *, clip: bool, order: int) -> Any:
    """A scheduler of diffusers that walks as our solver of ``order`` does on our grid, or else
    our own, `AlphabarScheduler`. Either is DDIM (η = 0) at order 1, and `dpmpp_2m` at order 2.

    DPM-Solver++ of first order is DDIM with η = 0. diffusers' `DDIMScheduler` is not: it steps to
    t − ⌊T/n⌋ instead of to the next time of its list, and clips x0 without moving ε. Thresholding
    at 1 is clipping.
    """
    bars = checkpoint.schedule.alphas_cumprod
    prediction = PREDICTIONS[checkpoint.config.process.prediction]
    if bars is None or not prediction.diffusers:
        return _own(checkpoint, clip, order)
    if prediction.needs_signal and not clip and float(bars.min()) < ROUNDED_BAR:
        return _own(checkpoint, clip, order)
    from diffusers import DPMSolverMultistepScheduler

    bars = torch.where(bars == 0, LEAST_BAR, bars)
    before = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
    return DPMSolverMultistepScheduler(
        num_train_timesteps=checkpoint.schedule.steps,
        trained_betas=(1 - bars / before).tolist(),
        prediction_type=prediction.diffusers,
        algorithm_type="dpmsolver++",
        solver_order=order,
        thresholding=clip,
        sample_max_value=1.0,
        final_sigmas_type="zero",
        timestep_spacing="trailing",
        steps_offset=1,  # not read, but Stable Diffusion's pipelines ask for it
    )


def _own(checkpoint: Checkpoint, clip: bool, order: int) -> Any:
    from components.networks.exported.alphabar_scheduler import AlphabarScheduler

    process, bars = checkpoint.config.process, checkpoint.schedule.alphas_cumprod
    return AlphabarScheduler(
        schedule="table" if bars is not None else process.schedule,
        num_train_timesteps=checkpoint.schedule.steps,
        alphas_cumprod=None if bars is None else bars.tolist(),
        shift=process.snr_shift,
        sigma_min=process.sigma_min,
        sigma_max=process.sigma_max,
        prediction_type=process.prediction,
        sigma_data=process.sigma_data,
        clip_sample=clip,
        solver_order=order,
    )
