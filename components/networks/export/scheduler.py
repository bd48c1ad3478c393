"""The scheduler of an exported model: one that draws the same images at any number of steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from components.networks.checkpoint import Checkpoint
from components.spec.catalogue import GRIDS, PREDICTIONS, SOLVERS

LEAST_BAR = 2.0**-24
"""ᾱ in the place of 0, as in diffusers' `rescale_betas_zero_snr`: its solvers work in σ/α."""

ROUNDED_BAR = 1e-6
"""diffusers keeps its table in float32; read from ε, an x0 that is not clipped has those
roundings times 1/α, and below this ᾱ they show in the image."""

EXPORTED = next(name for name, grid in GRIDS.items() if grid.exported)
"""The grid of every exported scheduler but one of diffusers' own DDIM."""

NAMED = {
    "scaled_linear": {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    "linear": {"beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02},
}
"""Our schedule of 1,000 steps → diffusers' words for it."""


@dataclass(frozen=True)
class Manner:
    """How an exported scheduler walks.

    Attributes:
        clip: whether x0 is held within [−1, 1].
        order: 1 is DDIM with η = 0, 2 is `dpmpp_2m`.
        grid: the times, as `sampling.grid` has them.
        first: whether it ends at the table's first entry, and not at the clean image.
    """

    clip: bool
    order: int = 1
    grid: str = EXPORTED
    first: bool = False

    @classmethod
    def of(cls, sampling: Mapping[str, Any], *, bounded: bool) -> "Manner":
        """As a sampling section draws.

        Args:
            bounded: whether x0 has bounds.
        """
        solver = SOLVERS[sampling["solver"]]
        first = "end" in solver.options and sampling.get("end") == "first"
        clip = bool(sampling["clip"]) and bounded
        return cls(clip, solver.diffusers_order or 1, sampling["grid"], first)


def diffusers_scheduler(checkpoint: Checkpoint, manner: Manner) -> Any:
    """A scheduler of diffusers that walks as our solver does, or else our own,
    `AlphabarScheduler`.

    DPM-Solver++ of first order is DDIM with η = 0 on any list of times. diffusers'
    `DDIMScheduler` is so on the grid `leading` alone: it steps to t − ⌊T/n⌋ instead of to the next
    time of its list, and clips x0 without moving ε. Thresholding at 1 is clipping.
    """
    bars = checkpoint.schedule.alphas_cumprod
    prediction = PREDICTIONS[checkpoint.config.process.prediction]
    if bars is None or not prediction.diffusers:
        return _own(checkpoint, manner)
    if prediction.needs_signal and not manner.clip and float(bars.min()) < ROUNDED_BAR:
        return _own(checkpoint, manner)
    shared = {
        "num_train_timesteps": checkpoint.schedule.steps,
        "prediction_type": prediction.diffusers,
        **_betas(checkpoint, bars),
    }
    return _leading(checkpoint, manner, shared) or _multistep(manner, shared)


def _leading(checkpoint: Checkpoint, manner: Manner, shared: Mapping[str, Any]) -> Any | None:
    """diffusers' DDIM on its own grid; None where that is not how the model is drawn with."""
    if not GRIDS[manner.grid].ddim or manner.order != 1 or manner.clip:
        return None
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        **shared,
        clip_sample=False,
        set_alpha_to_one=not manner.first,
        steps_offset=checkpoint.schedule.steps_offset,
        timestep_spacing="leading",
    )


def _multistep(manner: Manner, shared: Mapping[str, Any]) -> Any:
    from diffusers import DPMSolverMultistepScheduler

    return DPMSolverMultistepScheduler(
        **shared,
        algorithm_type="dpmsolver++",
        solver_order=manner.order,
        thresholding=manner.clip,
        sample_max_value=1.0,
        final_sigmas_type="sigma_min" if manner.first else "zero",
        timestep_spacing="trailing",
        steps_offset=1,  # not read, but Stable Diffusion's pipelines ask for it
    )


def _betas(checkpoint: Checkpoint, bars: torch.Tensor) -> dict[str, Any]:
    """The table in diffusers' words where it has some, else as numbers."""
    process = checkpoint.config.process
    if process.schedule in NAMED and process.steps == 1000 and process.snr_shift == 1:
        return NAMED[process.schedule] | {"rescale_betas_zero_snr": process.zero_terminal_snr}
    bars = torch.where(bars == 0, LEAST_BAR, bars)
    before = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
    return {"trained_betas": (1 - bars / before).tolist()}


def _own(checkpoint: Checkpoint, manner: Manner) -> Any:
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
        clip_sample=manner.clip,
        solver_order=manner.order,
    )
