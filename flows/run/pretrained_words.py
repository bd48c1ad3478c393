"""What is said of a plan that trains a diffusers directory further, or another model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.data.readers.pipeline_folders import find_pipeline
from components.files.hub import find_folder
from components.reporting.words.naming import listed, phrase
from components.spec.experiment import Experiment
from flows.run.based import KEY as BASE
from flows.run.based import find_base_of
from flows.run.pretrained import KEY
from flows.workspace import Workspace

TOLD = ("schedule", "prediction", "steps")
"""Keys of `process` that are told even where they are the defaults."""


def given_notes(experiment: Experiment, workspace: Workspace) -> list[str]:
    """What the model of `finetune.base`, or else the directory of `network.pretrained`, gives an
    experiment, and in what its images are not drawn as its own are; nothing without either.

    Args:
        experiment: a plan's.
    """
    base = find_base_of(experiment, workspace)
    if base is None:
        return directory_notes(experiment, workspace.root, workspace.weights)
    given = ["the network", f"the process ({_process_words(experiment)})"]
    if experiment.codec.learnt:
        given.append("the autoencoder")
    given.append(f"`conditioning.encoder: {experiment.conditioning.encoder}`")
    notes = [f"{BASE}: {base.name} gives {listed(given)}"]
    return notes + _drawn_otherwise(experiment, base.name, base.sampling)


def directory_notes(experiment: Experiment, root: Path, weights: Path | None = None) -> list[str]:
    """What the directory of `network.pretrained` gives an experiment, and in what its images are
    not drawn as `alphabar sample` draws the directory's own; nothing without one.

    Args:
        experiment: a plan's, as `flows.run.pretrained.as_directory_says` gives it.
        root: the project's folder.
        weights: the folder that is looked through first.
    """
    name = experiment.network.pretrained
    if name is None:
        return []
    given = ["the network", f"the process ({_process_words(experiment)})"]
    if experiment.codec.pretrained == str(find_folder(name, root, weights)):
        given.append("the autoencoder")
    if experiment.conditioning.encoder == f"pipeline:{name}":
        given.append("the text encoders")
    notes = [f"{KEY}: {name} gives {listed(given)}"]
    own = find_pipeline(name, KEY, weights).sampling
    return notes + _drawn_otherwise(experiment, name, own)


def _drawn_otherwise(experiment: Experiment, name: str, own: Mapping[str, Any]) -> list[str]:
    other = _otherwise_drawn(experiment, own)
    if not other:
        return []
    ours = {key: getattr(experiment.sampling, key) for key in other}
    return [
        f"images are not drawn as `alphabar sample {name}` draws: the file leaves "
        f"{_pairs(ours)}; for its own write `sampling: {{{_pairs(other)}}}`"
    ]


def _process_words(experiment: Experiment) -> str:
    process = experiment.process
    usual = type(process)().model_dump()
    told = {
        key: value
        for key, value in process.model_dump(exclude={"table", "options"}).items()
        if key in TOLD or value != usual.get(key)
    }
    return ", ".join(phrase(f"process.{key}", value) for key, value in told.items())


def _otherwise_drawn(experiment: Experiment, own: Mapping[str, Any]) -> dict[str, Any]:
    """The model's own values of keys for which other defaults hold."""
    swept = {*experiment.sweep, *(path for cell in experiment.cells for path in cell)}
    said = experiment.sampling.model_fields_set
    return {
        key: value
        for key, value in own.items()
        if key not in said
        and f"sampling.{key}" not in swept
        and getattr(experiment.sampling, key) != value
    }


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{key}: {value:g}" if isinstance(value, float) else f"{key}: {value}"
        for key, value in values.items()
    )
