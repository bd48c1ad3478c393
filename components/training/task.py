"""What a run trains: which weights of which model, by which loss, on what, and what it keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from components.data.arrays import load_split
from components.networks.checkpoint import Checkpoint, save_checkpoint
from components.networks.conditioners.rows import Rows
from components.training.batches import TrainingSet

Objective = Callable[[nn.Module, nn.Module, int, Tensor, Rows], Tensor]
"""(network, its moving average, step, x0, rows) → loss."""

Save = Callable[[Path, Checkpoint, nn.Module], None]
"""Writes the weights of a network, trained or averaged, of the model into a folder."""


def every_weight(name: str) -> bool:
    return True


def save_whole(folder: Path, model: Checkpoint, network: nn.Module) -> None:
    """A checkpoint that needs no other."""
    save_checkpoint(folder, model.config, network)


def training_images(model: Checkpoint, inputs: Mapping[str, Path]) -> TrainingSet:
    """The training split of the prepared ``data``, each image with its conditions."""
    split = load_split(inputs["data"], "train")
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2).contiguous()
    encode = model.codec.encode
    return TrainingSet(images, encode, tuple(split.classes.tolist()), split.captions)


@dataclass(frozen=True)
class Task:
    """What a training run is for; unless it says otherwise, every weight and the denoising loss.

    Attributes:
        model: what is trained. Its network may be a base model's with layers put in.
        objective: takes the place of the denoising loss.
        trains: a weight's name in the network → whether it is trained; the others stay as they
            are, bit by bit.
        save: how weights are kept: the last, the best, and those of every evaluation that was.
        data: (model, the stage's inputs) → what is trained on.
    """

    model: Checkpoint
    objective: Objective | None = None
    trains: Callable[[str], bool] = every_weight
    save: Save = save_whole
    data: Callable[[Checkpoint, Mapping[str, Path]], TrainingSet] = training_images
