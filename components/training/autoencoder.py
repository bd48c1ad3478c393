"""The stage `autoencoder`: a codec's network, trained on the data or taken from a folder.

config.json, diffusion_pytorch_model.safetensors   as diffusers reads it: `AutoencoderKL`
judgement/                  the holdout's figures, as `components.figures.record` has them
licences.json               of one that was taken over, where its folder says some
reconstructions.png         the worst reconstructions of the holdout beside their originals
history.csv, …              of a training, as `components.training.publish` says
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from components.data.arrays import load_images, load_info
from components.data.grids import save_png
from components.figures.record import write_judgement
from components.files.json_file import write_json
from components.licences import licence_of_weights, publish_licences
from components.networks.codecs.autoencoder_files import (
    read_autoencoder,
    read_pretrained,
    write_autoencoder,
    write_scale,
)
from components.networks.codecs.levels import from_levels
from components.networks.device import resolve_device
from components.networks.seeded import seeded
from components.runtime import Runtime
from components.spec.codec_files import JUDGEMENT, PICTURE
from components.spec.pipelines.vae_folder import refuse_odd_size
from components.spec.sections.codec import CodecSpec
from components.spec.sections.training import TrainingSpec
from components.training.batches import TrainingSet
from components.training.best import FOLDER as BEST
from components.training.fit import fit
from components.training.perceptual import PerceptualDistance
from components.training.publish import LAST
from components.training.reconstruction_look import ReconstructionLook
from components.training.reconstruction_loss import ReconstructionLoss
from components.training.stored import Mirrored, StoredImages
from components.training.task import Inputs, Task

MEASURED = 4096
"""Training images that latents' mean and deviation are measured on, at equal distances."""

MOST_MULTIPLE = 4
"""Of the section's `width`, at the smallest resolutions."""

GROUPS = 8

_AT_ONCE = 256


def autoencoder(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """Train the autoencoder of ``spec["codec"]``, or take the one in ``pretrained``.

    Args:
        spec: ``codec``, the section; ``judge``, whose ``extractor`` judges.
        inputs: ``data``; ``pretrained``, a folder in diffusers' format, where the section has one.

    Raises:
        AlphabarError: the images cannot be halved so often, or the pretrained one is broken or
            reads other images.
    """
    codec, device = CodecSpec.model_validate(spec["codec"]), resolve_device(runtime.accelerator)
    info, extractor = load_info(inputs["data"]), spec["judge"]["extractor"]
    if codec.pretrained is None:
        refuse_odd_size(info.size, codec.downsample)
        network = new_autoencoder(codec, info.channels)
        fit(_task(codec, network), codec.training(), inputs, out, runtime, extractor)
        for folder in (out, out / BEST, out / LAST):
            if folder.is_dir():
                found = read_autoencoder(folder).to(device)
                write_scale(folder, *latent_moments(found, inputs["data"], device))
    else:
        network = read_pretrained(inputs["pretrained"], info.channels)
        refuse_odd_size(info.size, 2 ** (len(network.config.block_out_channels) - 1))
        write_autoencoder(out, network)
        publish_licences(out, licence_of_weights(inputs["pretrained"]))
        parameters = sum(weights.numel() for weights in network.parameters())
        write_json(out / "metrics.json", {"parameters": parameters})
    _judge(out, ReconstructionLook.over(inputs["data"], runtime, device, extractor))


def new_autoencoder(codec: CodecSpec, channels: int) -> Any:
    """diffusers' `AutoencoderKL` for images of so many channels, weights drawn from the seed."""
    from diffusers import AutoencoderKL

    levels = codec.downsample.bit_length()
    with seeded(codec.seed):
        network: Any = AutoencoderKL(
            in_channels=channels,
            out_channels=channels,
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=tuple(
                codec.width * min(2**level, MOST_MULTIPLE) for level in range(levels)
            ),
            layers_per_block=codec.layers_per_block,
            latent_channels=codec.latent_channels,
            norm_num_groups=GROUPS,
            scaling_factor=1.0,
            shift_factor=0.0,
        )
    return network.to(memory_format=torch.channels_last)


@torch.no_grad()
def latent_moments(network: Any, data: Path, device: torch.device) -> tuple[float, float]:
    """Mean and standard deviation of the latents that training draws, over all their values: the
    deviation counts the spread within each image's normal too."""
    images = load_images(data, "train", mapped=True)
    taken = images[:: -(-len(images) // MEASURED)]
    means, squares, count = 0.0, 0.0, 0
    for start in range(0, len(taken), _AT_ONCE):
        part = torch.from_numpy(np.array(taken[start : start + _AT_ONCE]))
        found = network.encode(_pixels(0, part.permute(0, 3, 1, 2).to(device))).latent_dist
        mean, variance = found.mean.double(), found.var.double()
        means += float(mean.sum())
        squares += float((mean.square() + variance).sum())
        count += mean.numel()
    mean_of_all = means / count
    return mean_of_all, (squares / count - mean_of_all**2) ** 0.5


def _task(codec: CodecSpec, network: Any) -> Task:
    def images(inputs: Inputs) -> TrainingSet:
        stored = StoredImages.of_data(inputs["data"])
        mirrored = Mirrored(stored) if load_info(inputs["data"]).flip else None
        return TrainingSet(stored, _pixels, lambda index: {}, mirrored=mirrored)

    def look(
        training: TrainingSpec,
        inputs: Inputs,
        runtime: Runtime,
        device: torch.device,
        extractor: str | None,
    ) -> ReconstructionLook:
        return ReconstructionLook.over(inputs["data"], runtime, device, extractor)

    objective = ReconstructionLoss(codec, PerceptualDistance())
    return Task(network, objective, images, look, write_autoencoder)


def _pixels(step: int, images: Tensor) -> Tensor:
    return from_levels(images).contiguous(memory_format=torch.channels_last)


def _judge(out: Path, look: ReconstructionLook) -> None:
    picture, judgement = look.judged(read_autoencoder(out).to(look.device))
    save_png(out / PICTURE, picture)
    (out / JUDGEMENT).mkdir()
    write_judgement(out / JUDGEMENT, judgement)
