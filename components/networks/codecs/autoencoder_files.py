"""An autoencoder's folder in diffusers' format: read, written, taken over from elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from components.errors import AlphabarError, first_line
from components.files.json_file import parse_json, read_object, write_json
from components.files.manifest import intact
from components.networks.of_config import network_of
from components.networks.part_weights import read_network
from components.spec.codec_files import CONFIG, WEIGHTS
from components.spec.pipelines.vae import refuse_odd_vae
from components.spec.pipelines.vae_folder import CLASS, read_vae_folder

REMEDY = "copy it again, or delete it and run the experiment again"


def write_autoencoder(folder: Path, network: Any) -> None:
    """Write config.json and the weights in float32; the same weights give the same bytes."""
    folder.mkdir(exist_ok=True)
    values = parse_json(network.to_json_string())
    values.pop("_name_or_path", None)  # where it was read is no part of it
    write_json(folder / CONFIG, values)
    weights = {name: w.detach().float().cpu() for name, w in network.state_dict().items()}
    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})  # diffusers asks for it


def write_scale(folder: Path, mean: float, deviation: float) -> None:
    """Say in config.json what brings latents to mean 0 and deviation 1."""
    values = read_object(folder / CONFIG, REMEDY)
    scale = {"scaling_factor": 1 / deviation, "shift_factor": mean}
    write_json(folder / CONFIG, values | scale)


def scale_and_shift(network: Any) -> tuple[float, float]:
    """x0 = (latent − shift) · scale, as diffusers' ``scaling_factor`` and ``shift_factor``."""
    return float(network.config.scaling_factor), float(network.config.shift_factor or 0.0)


def read_autoencoder(folder: Path) -> Any:
    """The `AutoencoderKL` in ``folder``, frozen, in evaluation mode, float32.

    Raises:
        AlphabarError: its configuration or its weights are broken, or do not fit each other.
    """
    from diffusers import AutoencoderKL

    values = read_object(intact(folder / CONFIG), REMEDY)
    try:
        with torch.random.fork_rng(devices=[]):  # its random start is replaced at once
            network: Any = AutoencoderKL.from_config(values)
        network.load_state_dict(load_file(intact(folder / WEIGHTS)))
    except Exception as error:
        raise AlphabarError(
            f"{folder} holds no whole autoencoder ({first_line(error)})", REMEDY
        ) from error
    return _frozen(network)


def read_pretrained(folder: Path, channels: int) -> Any:
    """An `AutoencoderKL` as others publish it: in one file or several, safetensors or (without
    pickles) .bin, in half precision or whole; a pipeline's folder stands for its `vae`.

    Raises:
        AlphabarError: it is none, it is broken, or it reads images of other channels.
    """
    vae = read_vae_folder(folder)
    refuse_odd_vae(vae.home, vae.config, channels)
    return _frozen(read_network(lambda: _of_config(vae.home, vae.config), vae.weights, _modern))


def _of_config(home: Path, values: Mapping[str, Any]) -> Any:
    try:
        return network_of(CLASS, values)
    except Exception as error:
        raise AlphabarError(
            f"{home} holds no whole VAE ({first_line(error)})", "copy it again, or give another"
        ) from error


def _modern(name: str) -> str:
    """The name of a weight of the middle's attention as diffusers has called it since 0.15."""
    if ".attentions." in name:
        for old, new in _OLD_NAMES.items():
            name = name.replace(f".{old}.", f".{new}.")
    return name


_OLD_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


def _frozen(network: Any) -> Any:
    return network.float().eval().requires_grad_(False).to(memory_format=torch.channels_last)
