"""Files of autoencoders, by name: what diffusers reads, and what our stage leaves behind."""

from pathlib import Path

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
"""As diffusers reads them."""

VAE = "vae"
"""A pipeline's sub-folder of it."""

JUDGEMENT, PICTURE = "judgement", "reconstructions.png"
"""Folder of the holdout's figures; its worst reconstructions below their originals."""

DECIDING = "reconstruction_psnr"
"""The figure that codecs are ranked by."""


def weights_of(home: Path) -> list[Path]:
    """The files of weights in a VAE's own folder."""
    kinds = (".safetensors", ".bin")
    return sorted(path for path in home.iterdir() if path.suffix in kinds and path.is_file())


def home_of(folder: Path) -> Path:
    """A VAE's own folder: the sub-folder `VAE` of a pipeline's."""
    return folder / VAE if (folder / VAE).is_dir() else folder
