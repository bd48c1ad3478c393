"""Whether a VAE can stand between images and a process, by its configuration."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, quoted

MOST_CHANNELS, LEAST_SCALE = 64, 1e-4
USUAL = {"in_channels": 3, "out_channels": 3, "latent_channels": 4, "scaling_factor": 0.18215}
"""What diffusers' `AutoencoderKL` takes where a configuration does not say."""


def refuse_odd_vae(home: Path, values: Mapping[str, Any], channels: int | None) -> None:
    """Raise AlphabarError for a VAE that cannot be used with images of ``channels``.

    Args:
        values: its configuration.
        channels: None where nobody knows them yet: it must give back what it reads.
    """
    config = {**USUAL, **values}
    channels = config["in_channels"] if channels is None else channels
    scale, shift = config["scaling_factor"], config.get("shift_factor") or 0.0
    numbers = all(isinstance(x, int | float) and math.isfinite(x) for x in (scale, shift))
    latents = config["latent_channels"]
    faults = {
        f"reads images of {quoted(config['in_channels'])} channels, the data has {channels}": (
            config["in_channels"] != channels
        ),
        f"gives images of {quoted(config['out_channels'])} channels back": (
            config["out_channels"] != channels
        ),
        f"has latents of {quoted(latents)} channels, 1 to {MOST_CHANNELS} are taken": (
            not isinstance(latents, int) or not 1 <= latents <= MOST_CHANNELS
        ),
        f"has the scaling_factor {quoted(scale)} and shift_factor {quoted(shift)}": (
            not numbers or not LEAST_SCALE <= abs(scale) <= 1 / LEAST_SCALE
        ),
        "scales each channel of its latents apart (latents_mean, latents_std), which is not read": (
            bool(config.get("latents_mean") or config.get("latents_std"))
        ),
    }
    if fault := next((words for words, wrong in faults.items() if wrong), None):
        raise AlphabarError(f"the VAE in {home} {fault}", "give another, or other images")
