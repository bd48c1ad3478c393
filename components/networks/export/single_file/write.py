"""A Stable Diffusion pipeline's folder → one file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from components.errors import AlphabarError
from components.files.json_file import read_object
from components.files.manifest import intact
from components.networks.export.single_file.family import Family
from components.networks.export.single_file.unet_names import unet_name
from components.networks.export.single_file.vae_names import vae_name, vae_tensor
from components.networks.headed_file import HASH, save_with_header
from components.spec.codec_files import VAE

PREDICTIONS = {"epsilon": "epsilon", "v_prediction": "v"}
"""diffusers' words → the file's; its readers know no others."""

MARKS, ZERO_SNR = {"v_prediction": "v_pred"}, "ztsnr"
"""Empty tensors by which readers know a model of v, and a schedule that ends at SNR 0."""


@dataclass(frozen=True)
class Told:
    """What the file says of itself.

    Attributes:
        prediction: as diffusers' scheduler calls it.
        zero_snr: whether the schedule ends at SNR 0.
        resolution: side of its images, pixels.
        licence: of the weights; empty where none is known.
    """

    title: str
    prediction: str
    zero_snr: bool
    resolution: int
    licence: str = ""


def save_single_file(folder: Path, target: Path, family: Family, told: Told) -> None:
    """Write the pipeline in ``folder``, as diffusers has it, into the file ``target``.

    Raises:
        AlphabarError: the layout has no name for a layer, or no word for the prediction.
    """
    prediction = PREDICTIONS.get(told.prediction)
    if prediction is None:
        raise AlphabarError(
            f"one file has no word for a model that predicts `{told.prediction}`",
            "leave out --single-file, or export a model of prediction eps or v",
        )
    try:
        tensors = dict(_tensors(folder, family))
    except KeyError as error:
        raise AlphabarError(
            f"one file has no name for the layer {error.args[0]}: it is not of Stable Diffusion's",
            "leave out --single-file",
        ) from None
    if mark := MARKS.get(told.prediction):
        tensors[mark] = torch.zeros(0)
    if told.zero_snr:
        tensors[ZERO_SNR] = torch.zeros(0)
    entries = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": family.architecture[prediction],
        "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
        "modelspec.title": told.title,
        "modelspec.resolution": f"{told.resolution}x{told.resolution}",
        "modelspec.prediction_type": prediction,
        **({"modelspec.license": told.licence} if told.licence else {}),
    }
    save_with_header(target, tensors, entries, {HASH: "0x{}"})


def _tensors(folder: Path, family: Family) -> Iterator[tuple[str, Tensor]]:
    unet, unet_config = _part(folder / "unet")
    if not isinstance(unet_config["layers_per_block"], int):
        raise KeyError("layers_per_block")
    yield from ((unet_name(name, unet_config), tensor) for name, tensor in unet.items())
    vae, vae_config = _part(folder / VAE)
    for name, tensor in vae.items():
        yield vae_name(name, vae_config), vae_tensor(name, tensor)
    for part, (prefix, named) in family.text.items():
        tensors, _ = _part(folder / part)
        yield from ((prefix + name, tensor) for name, tensor in named(tensors).items())


def _part(home: Path) -> tuple[dict[str, Tensor], Mapping[str, Any]]:
    """Weights and configuration of a part of the pipeline."""
    tensors: dict[str, Tensor] = {}
    for path in sorted(home.glob("*.safetensors")):
        with safe_open(intact(path), framework="pt") as file:
            tensors |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return tensors, read_object(home / "config.json", "export the model again")
