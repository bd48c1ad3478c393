"""Self-describing checkpoints: safetensors whose header rebuilds the network."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from components.errors import AlphabarError, first_of
from components.networks.checkpoint_header import FILE_NAME, broken, read_config, read_shapes
from components.networks.codecs import Codec, Shape, build_codec
from components.networks.conditioners import Conditioner, Given, build_conditioner
from components.networks.denoisers import build_network, denoiser_of
from components.networks.denoisers.pretrained import refuse_unfit_told
from components.networks.ema_snapshots import FOLDER, rebuild
from components.networks.memory_format import placed
from components.networks.pipeline import read_parts
from components.networks.weights_file import read_weights, write_weights
from components.process.one_time import is_one_time
from components.process.prediction import Prediction, build_prediction
from components.process.schedules import Schedule, build_schedule
from components.spec.catalogue import SCHEDULES
from components.spec.model_config import ModelConfig
from components.spec.model_folder import CODEC
from components.spec.pipelines.folder import is_pipeline

LARGEST_WEIGHT = 1e18
"""Trained weights stay below 1e3; the squares of 340 such do not add up within float32 (3.4e38)."""


@dataclass(frozen=True)
class Checkpoint:
    """A denoiser that is ready to use.

    Attributes:
        config: what it is rebuilt from, as it rides in the header.
        codec: between images and what the process works on.
        network: in evaluation mode.
        origin: where it was loaded from, for messages.
    """

    config: ModelConfig
    codec: Codec
    network: nn.Module
    conditioner: Conditioner
    schedule: Schedule
    prediction: Prediction
    origin: str = "an untrained model"

    @property
    def image_shape(self) -> Shape:
        """(channel, height, width) of what it draws; `codec.shape` is what the process sees."""
        return self.config.images.shape

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def predict(self, x: Tensor, t: Tensor, rows: Mapping[str, Tensor]) -> Tensor:
        """The network's prediction at times t ∈ [0, 1]."""
        prediction: Tensor = self.network(x, _told(self.schedule, t, x.device), **rows)
        return prediction


def _told(schedule: Schedule, t: Tensor, device: torch.device) -> Tensor:
    """What the network is told of ``t`` (batch,), on ``device``, which need not wait for one time
    of all rows."""
    if is_one_time(t):
        return torch.full((len(t),), float(schedule.timestep(t[:1])), device=device)
    return schedule.timestep(t).to(device)


def new_checkpoint(
    config: ModelConfig,
    seed: int,
    *,
    weights: Path | None = None,
    device: torch.device | str = "cpu",
    codec: Path | None = None,
    states: Path | None = None,
    network: nn.Module | None = None,
) -> Checkpoint:
    """An untrained network of ``config``, with weights drawn from ``seed``.

    Args:
        weights: the folder in which an encoder's weights are looked for first.
        device: that an encoder computes on; the network is on the CPU.
        codec: the folder of the codec's weights, where it has such.
        states: the folder of the text states that it is trained on, where there are such.
        network: in the place of one of random weights.
    """
    process = config.process.model_dump()
    conditioner = _conditioner(config, weights, device, states)
    between = build_codec(config.codec, config.images.shape, codec)
    if network is not None:
        refuse_unfit_told(config.network, between.shape, conditioner)
    return Checkpoint(
        config,
        between,
        network or _network(config, between, conditioner, seed),
        conditioner,
        _schedule(process),
        build_prediction(process),
    )


def _schedule(process: Mapping[str, Any]) -> Schedule:
    name = process["schedule"]
    try:
        return build_schedule(process, SCHEDULES.function(name, process))
    except ValueError as error:
        raise AlphabarError(
            f"schedule `{name}` cannot be made: {error}",
            "leave out what it cannot do, or mend what gives the schedule: its catalogue entry "
            "says `not_rescaled` and `not_shifted`",
        ) from error


def _conditioner(
    config: ModelConfig,
    weights: Path | None = None,
    device: torch.device | str = "cpu",
    states: Path | None = None,
) -> Conditioner:
    images = config.images
    given = Given(images.classes, images.captions, weights, device, states, images.size)
    return build_conditioner(config.conditioning.model_dump(), given)


def _network(config: ModelConfig, codec: Codec, conditioner: Conditioner, seed: int) -> nn.Module:
    return build_network(config.network.model_dump(), codec.shape, conditioner, seed)


def _declared(config: ModelConfig, weights: Path | None) -> nn.Module:
    """The network that ``config`` declares, without memory for its weights."""
    codec = build_codec(config.codec, config.images.shape)
    with torch.device("meta"):
        return _network(config, codec, _conditioner(config, weights), seed=0)


def _refuse_other_shapes(path: Path, network: nn.Module) -> None:
    """Raise AlphabarError where the file's tensors are not those of the declared ``network``.

    Goes by shapes alone, so that a header of a huge network costs no memory.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = read_shapes(path)
    if found != shapes:
        names = sorted(set(found) ^ set(shapes)) or [n for n in shapes if shapes[n] != found[n]]
        fault = f"its tensors are not those of the network in its header: {first_of(names, most=3)}"
        raise broken(path, ValueError(fault))


def save_checkpoint(
    directory: Path, config: ModelConfig, network: nn.Module, codec: Codec | None = None
) -> None:
    """Write ``directory/model.safetensors``; the same weights give the same bytes.

    Args:
        codec: the model's, whose weights go with it; None for one that has none.
    """
    assert codec is not None or config.codec.digest is None, "its autoencoder would be missing"
    if codec is not None:
        codec.save(directory)
    write_weights(directory / FILE_NAME, config.model_dump(mode="json"), network.state_dict())


def load_checkpoint(
    directory: Path,
    device: torch.device | str = "cpu",
    ema_length: float | None = None,
    at_step: int | None = None,
    weights: Path | None = None,
    states: Path | None = None,
) -> Checkpoint:
    """Rebuild the network in ``directory``, which may also be a diffusers pipeline's.

    Args:
        weights: the folder in which an encoder's weights are looked for first.
        ema_length: σ_rel of the average that is rebuilt from ``directory/ema`` (Karras 2024);
            None for the average that training published.
        at_step: with ``ema_length``, the snapshots' step to look at; None for the last.
        states: the folder of the text states that it is trained on further, where there are such.

    Raises:
        AlphabarError: there is no checkpoint, it is cut short, or it is not one of ours; there
            are no snapshots, or they do not show that length at that step.
        ValueError: ``at_step`` without ``ema_length``.
    """
    if at_step is not None and ema_length is None:
        raise ValueError("at_step needs an ema_length")
    if is_pipeline(directory):
        return _of_pipeline(directory, device, ema_length)
    config = read_config(directory)
    path = directory / FILE_NAME
    declared = _declared(config, weights)
    _refuse_other_shapes(path, declared)
    assigned = denoiser_of(config.network.model_dump()).assigned
    try:
        checkpoint = new_checkpoint(
            config,
            0,
            weights=weights,
            device=device,
            codec=directory / CODEC,
            states=states,
            network=declared if assigned else None,
        )
        if ema_length is None:
            found = dict(read_weights(path))
        else:
            path = directory / FOLDER
            found = rebuild(path, config, ema_length, at_step)
        checkpoint.network.load_state_dict(found, assign=assigned)
    except (KeyError, RuntimeError) as error:
        raise broken(path, error) from error
    check_weights(path, checkpoint.network)
    placed(checkpoint.network, device).eval()
    return replace(checkpoint, origin=str(directory))


def _of_pipeline(
    directory: Path, device: torch.device | str, ema_length: float | None
) -> Checkpoint:
    if ema_length is not None:
        raise AlphabarError(
            f"{directory} has no snapshots that another EMA length could be made of",
            "leave `ema_length` away",
        )
    parts = read_parts(directory, device)
    process = parts.config.process.model_dump()
    return Checkpoint(
        parts.config,
        parts.codec,
        placed(parts.network, device),
        parts.conditioner,
        _schedule(process),
        build_prediction(process),
        origin=str(directory),
    )


def check_weights(path: Path, network: nn.Module) -> None:
    """Raise AlphabarError for weights that no network computes with: not even a sum of their
    squares stays within float32. A flipped bit makes such of an ordinary one."""
    for name, weights in network.state_dict().items():
        if weights.is_floating_point() and not bool((weights.abs() < LARGEST_WEIGHT).all()):
            raise AlphabarError(
                f"{path}: {name} has weights that are not finite, or beyond {LARGEST_WEIGHT:.0e}",
                "the file is damaged, or its training has diverged: copy it again, or give "
                "another checkpoint",
            )
