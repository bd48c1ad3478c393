"""What a run trains: which weights of which network, by which loss, on what, how it is watched and
what it keeps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from components.networks.conditioners.rows import Rows
from components.runtime import Runtime
from components.spec.sections.training import TrainingSpec
from components.training.batches import TrainingSet
from components.training.look import Look
from components.training.parts import WHOLE

Inputs = Mapping[str, Path]
"""Role → folder, as a stage is given them."""


class Objective(Protocol):
    """The loss of a step."""

    def __call__(
        self,
        network: nn.Module,
        average: nn.Module,
        step: int,
        x0: Tensor,
        rows: Rows,
        part: slice = WHOLE,
    ) -> Tensor:
        """The mean over the rows ``part`` of x0 (batch, channel, height, width).

        What is random is drawn for all rows, whichever are asked for: parts say together what the
        whole says.
        """


Save = Callable[[Path, nn.Module], None]
"""Writes the weights of a network, trained or averaged, into a folder."""


class Snapshot(Protocol):
    """Writes a power-function average into a folder, as `ema_snapshots` describes."""

    def __call__(self, folder: Path, average: nn.Module, sigma_rel: float, step: int) -> None: ...


class MakeLook(Protocol):
    """Makes what evaluates a run."""

    def __call__(
        self,
        training: TrainingSpec,
        inputs: Inputs,
        runtime: Runtime,
        device: torch.device,
        extractor: str | None,
    ) -> Look:
        """``extractor`` judges, as in `evaluation.extractor`; None for the default."""


def every_weight(name: str) -> bool:
    return True


def no_facts(inputs: Inputs) -> dict[str, int]:
    return {}


@dataclass(frozen=True)
class Task:
    """What a training run is for.

    Attributes:
        network: may be a base model's with layers put in.
        objective: the loss of a step.
        data: the stage's inputs → what is trained on.
        look: makes what evaluates the run.
        save: how weights are kept: the last, the best, and those of every evaluation that was.
        snapshot: how power-function averages are kept; None where none can be.
        trains: a weight's name in the network → whether it is trained; the others stay as they
            are, bit by bit.
        random_layers: whether the network draws random numbers while it trains: dropout.
        facts: the stage's inputs → what else metrics.json is to say.
        checkpoints: the steps after which the moving average is kept beside that of the last.
        kernels: the part of the network that `training.compile` compiles; None for all of it.
    """

    network: nn.Module
    objective: Objective
    data: Callable[[Inputs], TrainingSet]
    look: MakeLook
    save: Save
    snapshot: Snapshot | None = None
    trains: Callable[[str], bool] = every_weight
    random_layers: bool = False
    facts: Callable[[Inputs], dict[str, int]] = no_facts
    checkpoints: Sequence[int] = ()
    kernels: nn.Module | None = None
