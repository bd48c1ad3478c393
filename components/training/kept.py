"""The moving average after chosen steps, in files that survive a kill.

    checkpoints/step_000100/    what the task saves of it: model.safetensors, or an adapter

A folder is filled under another name and put in place by one rename: it is whole or not there.
"""

import shutil
from pathlib import Path

from torch import nn

from components.files.put import put, remove_parts
from components.spec.model_folder import CHECKPOINTS, step_folder, step_of
from components.training.task import Save


def keep(scratch: Path, step: int, save: Save, average: nn.Module) -> None:
    """Keep ``average`` as it is after ``step``; the same weights give the same bytes."""
    with put(scratch / CHECKPOINTS / step_folder(step)) as part:
        part.mkdir(parents=True)
        save(part, average)


def forget_after(scratch: Path, step: int) -> None:
    """Remove what a run that goes on after ``step`` writes again, and what is half-written."""
    folder = scratch / CHECKPOINTS
    remove_parts(folder)
    for found in folder.glob("step_*"):
        if step_of(found) > step:
            shutil.rmtree(found)
