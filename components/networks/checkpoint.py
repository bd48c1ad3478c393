"""Self-describing checkpoints: safetensors whose header rebuilds the network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.conditioning import Conditioner, build_conditioner
from components.networks.unet import build_unet
from components.process.prediction import Prediction, build_prediction
from components.process.schedules import Schedule, build_schedule

FILE_NAME = "model.safetensors"
_HEADER = "alphabar"  # one entry only: the order of several is not fixed in the file


@dataclass(frozen=True)
class Checkpoint:
    """A denoiser that is ready to use.

    Attributes:
        config: sections ``process``, ``network``, ``conditioning`` and ``images``
            (size, channels, classes), as they ride in the header.
        network: in evaluation mode.
    """

    config: dict[str, Any]
    network: nn.Module
    conditioner: Conditioner
    schedule: Schedule
    prediction: Prediction

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channel, height, width)."""
        images = self.config["images"]
        return images["channels"], images["size"], images["size"]

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def predict(self, x: Tensor, t: Tensor, rows: Mapping[str, Tensor]) -> Tensor:
        """The network's prediction at times t ∈ [0, 1]."""
        prediction: Tensor = self.network(x, self.schedule.timestep(t).to(x.device), **rows)
        return prediction


def new_checkpoint(config: dict[str, Any], seed: int) -> Checkpoint:
    """An untrained network of ``config``, with weights drawn from ``seed``."""
    images, process = config["images"], config["process"]
    network = build_unet(
        config["network"],
        config["conditioning"],
        size=images["size"],
        image_channels=images["channels"],
        n_classes=len(images["classes"]),
        seed=seed,
    )
    return Checkpoint(
        config,
        network,
        build_conditioner(config["conditioning"], images["classes"]),
        build_schedule(process),
        build_prediction(process),
    )


def save_checkpoint(directory: Path, config: dict[str, Any], network: nn.Module) -> None:
    """Write ``directory/model.safetensors``; the same weights give the same bytes."""
    weights = {name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}
    header = {_HEADER: json.dumps(config, sort_keys=True)}
    save_file(weights, directory / FILE_NAME, metadata=header)


def read_config(directory: Path) -> dict[str, Any]:
    """The header of ``directory``'s checkpoint, without its weights; raises AlphabarError."""
    path = directory / FILE_NAME
    if not path.is_file():
        raise AlphabarError(
            f"{path} does not exist: there is no checkpoint",
            "give the directory of a trained model, such as artifacts/train/<key>",
        )
    try:
        with safe_open(path, framework="pt") as file:
            config: dict[str, Any] = json.loads((file.metadata() or {})[_HEADER])
    except (SafetensorError, KeyError, ValueError) as error:
        raise _broken(path, error) from error
    return config


def load_checkpoint(directory: Path, device: torch.device | str = "cpu") -> Checkpoint:
    """Rebuild the network in ``directory``.

    Raises:
        AlphabarError: there is no checkpoint, it is cut short, or it is not one of ours.
    """
    config = read_config(directory)
    path = directory / FILE_NAME
    try:
        checkpoint = new_checkpoint(config, seed=0)
        with safe_open(path, framework="pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        checkpoint.network.load_state_dict(weights)
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise _broken(path, error) from error
    checkpoint.network.to(device).eval()
    return checkpoint


def _broken(path: Path, error: Exception) -> AlphabarError:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return AlphabarError(
        f"{path} is not a whole alphabar checkpoint ({first})",
        "delete its directory and run the experiment again",
    )
