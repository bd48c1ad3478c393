"""Every weight, trained further with the loss that the model was trained with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.networks.checkpoint import Checkpoint
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import denoising_task
from components.training.task import Task


def full(
    model: Checkpoint,
    spec: Mapping[str, Any],
    training: TrainingSpec,
    inputs: Mapping[str, Path],
) -> Task:
    """The task of a first training, from the model as it is."""
    return denoising_task(model, training)
