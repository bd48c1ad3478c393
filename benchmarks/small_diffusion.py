"""A directory of Stable Diffusion with small random networks, as the tests make it."""

from collections.abc import Sequence
from pathlib import Path

from tests.tiny_pipelines import SD1_SCHEDULER, write_sd1

PROMPTS = ("a red heart", "a blue dog with a big face", "the green moon", "a small cat")


def write_stable_diffusion(folder: Path, channels: Sequence[int], latent_side: int) -> None:
    """Latents of half the images' side, cross-attention but at the smallest resolution."""
    rest = len(channels) - 1
    write_sd1(
        folder,
        SD1_SCHEDULER | {"_class_name": "DDIMScheduler"},
        sample_size=latent_side,
        block_out_channels=tuple(channels),
        down_block_types=("CrossAttnDownBlock2D",) * rest + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * rest,
        layers_per_block=2,
        norm_num_groups=8,
    )
