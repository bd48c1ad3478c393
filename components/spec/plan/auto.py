"""What `auto` in an experiment comes to: a plan holds nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from components.spec.experiment import Experiment
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.spec.sweep import Cell

AUTO, ON = "auto", "on"
TRAINING, SAMPLING = "training", "sampling"
UNMEASURED = {"precision": "32-true", "compile": "off"}
"""Field of a section that may say `auto` → what stands there where nobody has measured."""


class Settle(Protocol):
    """What `auto` comes to on a machine."""

    def __call__(self, experiment: Experiment, *parts: str) -> Experiment:
        """``experiment`` without `auto` in its sections ``parts``; itself where they say none."""
        ...


def unmeasured(experiment: Experiment, *parts: str) -> Experiment:
    """Where nobody measures."""
    return with_values(experiment, {part: autos(experiment, part) for part in parts})


def autos(experiment: Experiment, part: str) -> dict[str, str]:
    """The fields of a section that say `auto`, and what stands there where nobody has measured."""
    section = getattr(experiment, part)
    return {name: plain for name, plain in UNMEASURED.items() if getattr(section, name) == AUTO}


def says_auto(cell: Cell) -> bool:
    """Whether the file says `auto` for a cell's training or sampling."""
    return any(autos(cell.written, part) for part in (TRAINING, SAMPLING))


def with_values(experiment: Experiment, values: Mapping[str, Mapping[str, Any]]) -> Experiment:
    """``experiment`` with other values in its sections; itself where there are none."""
    changed = {
        part: getattr(experiment, part).model_copy(update=dict(own))
        for part, own in values.items()
        if own
    }
    return experiment.model_copy(update=changed) if changed else experiment


def settled_cell(cell: Cell, settle: Settle) -> Cell:
    """``cell`` without `auto` in what its baseline is trained and sampled with."""
    trained = () if cell.experiment.base is not None else (TRAINING,)
    found = settle(cell.experiment, *trained, SAMPLING)
    if found is cell.experiment:
        return cell
    return replace(cell, experiment=found, given=cell.experiment)


def tuned_training(cell: Cell, spec: FinetuneSpec, settle: Settle) -> TrainingSpec:
    """How a fine-tune of a cell's model is trained; `auto` in the baseline's section is measured
    and decided for the fine-tune's own batches and steps."""
    own = {TRAINING: spec.training(cell.written.training)}
    return settle(cell.written.model_copy(update=own), TRAINING).training


def tuned_samplings(cell: Cell, spec: FinetuneSpec, settle: Settle) -> list[SamplingSpec]:
    """How a fine-tune of a cell's model is sampled, likewise."""
    written = cell.written
    return [
        settle(written.model_copy(update={SAMPLING: each}), SAMPLING).sampling
        for each in spec.samplings(written.sampling)
    ]


def auto_words(cells: Iterable[Cell]) -> list[str]:
    """What every `auto` of the file came to in its baselines, as ``training.precision: bf16-mixed
    (auto)``."""
    found: dict[str, dict[str, None]] = {}
    for cell in cells:
        for part in (TRAINING, SAMPLING):
            section = getattr(cell.experiment, part)
            for name in autos(cell.written, part):
                if (value := getattr(section, name)) != AUTO:
                    found.setdefault(f"{part}.{name}", {})[value] = None
    return [f"{path}: {' or '.join(values)} (auto)" for path, values in found.items()]
