"""An autoencoder's folder in diffusers' format: read, written, taken over from elsewhere."""

import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from components.errors import AlphabarError
from components.files.json_file import parse_json, read_object, write_json
from components.files.manifest import intact
from components.spec.codec_files import CONFIG, WEIGHTS, home_of, weights_of

MOST_CHANNELS, LEAST_SCALE = 64, 1e-4

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
            f"{folder} holds no whole autoencoder ({_first(error)})", REMEDY
        ) from error
    return _frozen(network)


def read_pretrained(folder: Path, channels: int) -> Any:
    """An `AutoencoderKL` as others publish it: in one file or several, safetensors or (without
    pickles) .bin, in half precision or whole; a pipeline's folder stands for its `vae`.

    Raises:
        AlphabarError: it is none, it is broken, or it reads images of other channels.
    """
    from diffusers import AutoencoderKL

    home = home_of(folder)
    values = read_object(home / CONFIG, "give the folder of a VAE in diffusers' format")
    kind = values.get("_class_name", "AutoencoderKL")
    if kind != "AutoencoderKL":
        raise AlphabarError(
            f"{home} holds a `{kind}`, and codecs are read from `AutoencoderKL`",
            "give the folder of such a VAE",
        )
    whole = any(".fp16." not in path.name for path in weights_of(home))
    variant = "fp16" if not whole and any(home.glob("*.fp16.*")) else None
    try:
        network: Any = AutoencoderKL.from_pretrained(
            str(home), local_files_only=True, variant=variant, torch_dtype=torch.float32
        )
    except Exception as error:
        raise AlphabarError(
            f"{home} holds no whole VAE ({_first(error)})", "copy it again, or give another"
        ) from error
    _refuse_odd(home, network, channels)
    return _frozen(network)


def _refuse_odd(home: Path, network: Any, channels: int) -> None:
    """Raise AlphabarError for a VAE that cannot stand between the images and a process."""
    config = network.config
    scale, shift = config.scaling_factor, config.shift_factor or 0.0
    numbers = all(isinstance(x, int | float) and math.isfinite(x) for x in (scale, shift))
    faults = {
        f"reads images of {config.in_channels} channels, the data has {channels}": (
            config.in_channels != channels
        ),
        f"gives images of {config.out_channels} channels back": config.out_channels != channels,
        f"has latents of {config.latent_channels} channels, at most {MOST_CHANNELS} are taken": (
            config.latent_channels > MOST_CHANNELS
        ),
        f"has the scaling_factor {scale} and shift_factor {shift}": (
            not numbers or not LEAST_SCALE <= abs(scale) <= 1 / LEAST_SCALE
        ),
        "scales each channel of its latents apart (latents_mean, latents_std), which is not read": (
            bool(config.get("latents_mean") or config.get("latents_std"))
        ),
        "has weights that are not finite": not all(
            bool(weights.isfinite().all()) for weights in network.state_dict().values()
        ),
    }
    if fault := next((words for words, wrong in faults.items() if wrong), None):
        raise AlphabarError(f"the VAE in {home} {fault}", "give another, or other images")


def _frozen(network: Any) -> Any:
    return network.float().eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
