"""The codec of latent diffusion: an autoencoder's latents in the place of pixels (Rombach 2022).

Its weights lie in a folder as diffusers' `AutoencoderKL` writes it:

    codec/config.json                               architecture, scaling_factor, shift_factor
    codec/diffusion_pytorch_model.safetensors
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from components.errors import AlphabarError
from components.files.copies import link_or_copy
from components.files.digests import known_sha256
from components.files.json_file import read_object
from components.files.manifest import intact
from components.networks.codecs.autoencoder_files import (
    REMEDY,
    read_autoencoder,
    scale_and_shift,
)
from components.networks.codecs.codec import ExportedCodec, Shape
from components.networks.codecs.levels import decoded_levels, from_levels
from components.spec.codec_files import CONFIG, VAE, WEIGHTS
from components.spec.keys import digest
from components.spec.model_folder import CODEC
from components.spec.sections.codec import CodecConfig

_PIXELS_AT_ONCE = 256 * 64 * 64


class Autoencoder:
    """x0 is the mean of the encoder's normal, shifted and scaled to mean 0 and deviation 1.

    The network is read when it is first asked, onto the device of what it is asked with.

    Args:
        config: what the model says of it.
        image_shape: of the images.
        folder: where its weights lie; None for a codec of which only the shape is asked.
    """

    bounded = False

    def __init__(self, config: CodecConfig, image_shape: Shape, folder: Path | None) -> None:
        assert config.latent_channels is not None
        self.config, self.image_shape, self.folder = config, image_shape, folder
        _, height, width = image_shape
        factor = config.downsample
        self.shape: Shape = (config.latent_channels, height // factor, width // factor)
        self._network: Any = None

    def encode(self, images: Tensor) -> Tensor:
        return self.moments(images)[0]

    @torch.no_grad()
    def moments(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the normal that x0 of uint8 ``images`` is drawn from
        while a denoiser is trained; each (batch, *`shape`) float32."""
        network, found = self._loaded(images.device), []
        for part in _parts(images, self.image_shape):
            pixels = from_levels(part).contiguous(memory_format=torch.channels_last)
            found.append(network.encode(pixels).latent_dist)
        scale, shift = scale_and_shift(network)
        mean = torch.cat([each.mean for each in found])
        return (mean - shift) * scale, torch.cat([each.std for each in found]) * scale

    @torch.no_grad()
    def decode(self, x0: Tensor) -> Tensor:
        """Raises AlphabarError where the network answers something that is not finite."""
        network = self._loaded(x0.device)
        scale, shift = scale_and_shift(network)
        latents = (x0.float() / scale + shift).contiguous(memory_format=torch.channels_last)
        decoded = (network.decode(part).sample for part in _parts(latents, self.image_shape))
        origin = f"the autoencoder in {self.folder}"
        return torch.cat([decoded_levels(pixels, origin) for pixels in decoded])

    def save(self, folder: Path) -> None:
        source = self._folder()
        for name in (CONFIG, WEIGHTS):
            link_or_copy(intact(source / name), folder / CODEC / name)

    def release(self) -> None:
        self._network = None

    def exported(self) -> ExportedCodec:
        channels, height, width = self.shape
        return ExportedCodec(
            f"It works on latents of {channels} × {height} × {width}: `vae/`, an "
            "`AutoencoderKL` whose `scaling_factor` and `shift_factor` bring them to mean 0 and "
            "deviation 1.",
            self._save_vae,
            imports=["from diffusers import AutoencoderKL"],
            opened=['vae = AutoencoderKL.from_pretrained("vae").eval()'],
            decoded=[
                "x = x / vae.config.scaling_factor + (vae.config.shift_factor or 0)",
                "x = vae.decode(x).sample",
            ],
            vae=lambda: self._loaded(torch.device("cpu")),
            side=self.image_shape[1],
        )

    def _save_vae(self, out: Path) -> dict[str, Any]:
        """Write the weights for diffusers and for alphabar; returns model_index.json's entry."""
        self.save(out)
        (out / VAE).mkdir()
        for name in (CONFIG, WEIGHTS):
            shutil.copyfile(out / CODEC / name, out / VAE / name)  # the user's own from now on
            (out / CODEC / name).unlink()
            link_or_copy(out / VAE / name, out / CODEC / name)
        return {VAE: ["diffusers", "AutoencoderKL"]}

    def _folder(self) -> Path:
        if self.folder is None or not (self.folder / WEIGHTS).is_file():
            raise AlphabarError(
                f"{self.folder or CODEC} has no {WEIGHTS}: the model's autoencoder is missing",
                "copy the model's folder again, with its sub-folder `codec`",
            )
        return self.folder

    def _loaded(self, device: torch.device) -> Any:
        if self._network is None:
            self._network = self._read()
        self._network.to(device)
        return self._network

    def _read(self) -> Any:
        """The network, as it must be."""
        folder = self._folder()
        found = config_of(folder, self.config.kind)
        if found != self.config:
            raise AlphabarError(
                f"{folder} is not the autoencoder that the model was trained with, or its "
                f"{CONFIG} was changed",
                "give the model's folder as it was published",
            )
        network = read_autoencoder(folder)
        if network.config.in_channels != self.image_shape[0]:
            raise AlphabarError(
                f"the autoencoder in {folder} reads images of {network.config.in_channels} "
                f"channels, and the model says {self.image_shape[0]}",
                "give the model's folder as it was published",
            )
        return network


def config_of(folder: Path, kind: str) -> CodecConfig:
    """What a model says of the autoencoder in ``folder``."""
    values = read_object(intact(folder / CONFIG), REMEDY)
    return CodecConfig.model_validate(
        {
            "kind": kind,
            "downsample": 2 ** (len(values["block_out_channels"]) - 1),
            "latent_channels": values["latent_channels"],
            "digest": digest([known_sha256(intact(folder / each)) for each in (CONFIG, WEIGHTS)]),
        }
    )


def _parts(rows: Tensor, image_shape: Shape) -> Iterator[Tensor]:
    """So many at a time that memory stays the same, whatever the images' size."""
    count = max(1, _PIXELS_AT_ONCE // (image_shape[1] * image_shape[2]))
    return iter(rows.split(count))
