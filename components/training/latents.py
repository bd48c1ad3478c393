"""Latents: what an autoencoder makes of the training images, once.

    train.npy     (n, 2, channel, height, width) float16: mean and standard deviation of the normal
                  that an image's x0 is drawn from, anew in every step
    mirrored.npy  the same of the mirrored images, where the data says `flip`

A half-precision float is off by 0.05 % of a latent, and noise covers that at all but the last
step of sampling.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.data.arrays import load_images, load_info
from components.errors import AlphabarError
from components.files.array_file import give_back, read_array
from components.files.growing_array import GrowingArray
from components.files.manifest import intact
from components.networks.codecs import Shape, build_codec
from components.networks.codecs.autoencoder import Autoencoder, config_of
from components.networks.device import resolve_device
from components.process.streams import Draws, Purpose
from components.runtime import Runtime
from components.spec.model_folder import CODEC

FILE, MIRRORED = "train.npy", "mirrored.npy"

_AT_ONCE, _FEW = 256, 64
"""Images that an autoencoder is shown at once."""


def encode_images(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """Write the training split of ``data`` as the autoencoder in ``autoencoder`` sees it, or that
    of the model in ``model``.

    Args:
        spec: ``kind``, of the codec.
    """
    info, images = load_info(inputs["data"]), load_images(inputs["data"], "train", mapped=True)
    device = resolve_device(runtime.accelerator)
    shape = info.channels, info.size, info.size
    model = inputs.get("model")
    home = inputs["autoencoder"] if model is None else model / CODEC
    codec: Any = build_codec(config_of(home, spec["kind"]), shape, home)
    sides = {FILE: images} | ({MIRRORED: images[:, :, ::-1]} if info.flip else {})
    total = len(sides) * len(images)
    for number, (name, shown) in enumerate(sides.items()):
        with GrowingArray(out / name, (2, *codec.shape), np.float16) as file:
            for start in range(0, len(images), _AT_ONCE):
                part = np.array(shown[start : start + _AT_ONCE].transpose(0, 3, 1, 2), order="C")
                moments = torch.stack(codec.moments(torch.from_numpy(part).to(device)), dim=1)
                halves = moments.to(torch.float16)
                _refuse_not_finite(halves)
                file.append(halves.cpu().numpy())
                give_back(images)
                done = number * len(images) + start + len(part)
                runtime.progress(done, total, "latents")
            file.finish()


def _refuse_not_finite(latents: Tensor) -> None:
    if not bool(latents.isfinite().all()):
        raise AlphabarError(
            "the codec's latents of some training images are not finite",
            "train another autoencoder, or give another `codec.pretrained`",
        )


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """Latents in a mapped file: only what a batch takes of it comes into memory.

    Attributes:
        moments: (n, 2, channel, height, width) float16.
    """

    moments: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.moments)

    def __getitem__(self, index: Tensor) -> Tensor:
        taken = torch.from_numpy(self.moments[index.numpy()])
        give_back(self.moments)
        return taken


def load_encoded(directory: Path, shape: Shape, file: str = FILE) -> EncodedImages:
    """What the stage has written, latents of ``shape``; raises AlphabarError for anything else.

    Args:
        file: `FILE` or `MIRRORED`.
    """
    path = directory / file
    moments = read_array(intact(path), mapped=True)
    if moments.dtype != np.float16 or moments.shape[1:] != (2, *shape):
        raise AlphabarError(
            f"{path} holds {moments.dtype} {moments.shape}, and no latents of {shape}",
            f"delete {directory} and run the experiment again",
        )
    return EncodedImages(moments)


def moments_of(codec: Autoencoder, images: Tensor, device: torch.device) -> Tensor:
    """Mean and deviation of the latents of few ``images``, uint8 (n, channel, height, width):
    (n, 2, channel, height, width) float32."""
    found = [
        torch.stack(codec.moments(part.to(device)), dim=1).cpu() for part in images.split(_FEW)
    ]
    return torch.cat(found)


def drawn(seed: int, step: int, moments: Tensor) -> Tensor:
    """An x0 (batch, channel, height, width) from each of the normals ``moments`` (batch, 2, …)."""
    mean, deviation = moments.float().unbind(1)
    draws = Draws.of(seed, step, Purpose.POSTERIOR, mean.device)
    return mean + deviation * draws.normal(mean.shape).to(mean)
