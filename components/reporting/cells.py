"""Everything that the report reads, loaded once: cells, floors, histories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.figures.closest import ClosestPairs, read_pairs
from components.figures.judgement import Figures, Judgement
from components.figures.record import read_judgement
from components.figures.winner import REFERENCE
from components.files.json_file import read_object
from components.files.manifest import KEY, MANIFEST, intact, read_manifest, remedy, there
from components.files.samples import Samples, read_samples
from components.files.tables import read_csv
from components.reporting.tables.subject import Subject
from components.reporting.words.naming import (
    joined,
    line_name,
    model_name,
    phrase,
    sampler_name,
)
from components.reporting.words.watching import remarks
from components.spec.model_folder import ORIGIN
from components.spec.sweep import PROMPTS
from components.training.costs import Costs, read_costs
from components.training.stopwatch import read_seconds


@dataclass(frozen=True, eq=False)
class Cell:
    """One sampled and evaluated point of the sweep, equal to nothing but itself.

    Attributes:
        name: as in the plan, such as ``schedule=cosine,guidance=2``.
        model: the network's name in words; cells of one network share it.
        sampler: what differs between the sweep's sampling settings, in words.
        line: network and sampler without the guidance: the cell's line in plots over guidance.
        curve: network and sampler without the steps: its line in plots over evaluations.
        sampling: the whole sampling section.
        settings: dotted path → value here, for every path that the sweep changes anywhere.
        judgement: its figures, and what else its evaluation says.
        evaluations: network evaluations an image.
        samples: its images.
        pairs: its images that lie closest to training images; None where they are not recorded.
        beside: what it is, such as ``reference``, where it may not win; empty where it may.
    """

    name: str
    model: str
    sampler: str
    line: str
    curve: str
    sampling: Mapping[str, Any]
    settings: Mapping[str, Any]
    judgement: Judgement
    evaluations: float
    samples: Samples
    pairs: ClosestPairs | None = None
    beside: str = ""

    @property
    def figures(self) -> Figures:
        """Metric → figure."""
        return self.judgement.figures

    @property
    def guidance(self) -> float:
        """The guidance scale."""
        return float(self.sampling["guidance"])

    @property
    def subject(self) -> Subject:
        """What tables tell of it."""
        return Subject(self.name, self.judgement, self.evaluations, self.beside)


@dataclass(frozen=True)
class History:
    """How one network was trained.

    Attributes:
        name: the network, in words.
        steps, loss: the loss at each recorded step.
        watched: metric → rows of (step, value, low, high).
        remarks: what else is to be known of its evaluations; mostly nothing.
        seconds: what its parts took, where that is known.
        costs: what else it took, and what it left.
        path: where it lies, as in ``artifacts/finetune/KEY``; empty where that is not known.
    """

    name: str
    steps: tuple[int, ...]
    loss: tuple[float, ...]
    watched: Mapping[str, tuple[tuple[float, float, float, float], ...]]
    remarks: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    costs: Costs = field(default_factory=Costs)
    path: str = ""


def read_cells(spec: dict[str, Any], inputs: Mapping[str, Path]) -> list[Cell]:
    """The cells of the plan, in its order. Raises AlphabarError for what is missing or broken."""
    planned = spec["cells"]
    samplings = [cell["sampling"] for cell in planned]
    models = model_names(planned, [inputs[f"train:{i}"] for i in range(len(planned))])
    several = len(set(models)) > 1
    cells = []
    for index, (cell, model, sampling) in enumerate(zip(planned, models, samplings, strict=True)):
        sampled, evaluated = inputs[f"sample:{index}"], inputs[f"evaluate:{index}"]
        asked = [phrase(PROMPTS, cell["settings"][PROMPTS])] if PROMPTS in cell["settings"] else []
        on_line = joined(sampler_name(sampling, samplings, without=("guidance",)), *asked)
        on_curve = joined(sampler_name(sampling, samplings, without=("steps",)), *asked)
        cells.append(
            Cell(
                name=cell["name"],
                model=model,
                sampler=joined(sampler_name(sampling, samplings), *asked),
                line=line_name(model, on_line, several),
                curve=line_name(model, on_curve, several),
                sampling=sampling,
                settings=cell["settings"],
                judgement=read_judgement(evaluated),
                evaluations=evaluations_of(sampled),
                samples=read_samples(sampled),
                pairs=read_pairs(evaluated),
                beside="" if cell["may_win"] else REFERENCE,
            )
        )
    return cells


def stored_subject(name: str, evaluated: Path, sampled: Path, beside: str = "") -> Subject:
    """What tables tell of an ``evaluate/`` directory and the ``sample/`` one that it judged.

    ``beside`` is the subject's.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    return Subject(name, read_judgement(evaluated), evaluations_of(sampled), beside)


def evaluations_of(sampled: Path) -> float:
    """Network evaluations an image of a ``sample/`` directory; raises AlphabarError."""
    path = sampled / "metrics.json"
    try:
        return float(read_object(intact(path), remedy(sampled))["network_evaluations"])
    except (KeyError, TypeError, ValueError) as error:
        raise AlphabarError(f"{path} has no network_evaluations", remedy(sampled)) from error


def model_names(cells: Sequence[Mapping[str, Any]], trained: Sequence[Path]) -> list[str]:
    """Each cell's network in words; cells that read the same directory share the first's name."""
    names: dict[Path, str] = {}
    for cell, directory in zip(cells, trained, strict=True):
        names.setdefault(directory, model_name(cell))
    return [names[directory] for directory in trained]


def read_histories(cells: Sequence[Cell], inputs: Mapping[str, Path]) -> list[History]:
    """One history a network that was trained, in the order of the cells."""
    names = {inputs[f"train:{i}"]: cell.model for i, cell in reversed(list(enumerate(cells)))}
    return [
        read_history(directory, name)
        for directory, name in reversed(names.items())
        if is_trained(directory)
    ]


def is_trained(directory: Path) -> bool:
    """Whether a network was trained there, and not brought there as it was."""
    return not there(directory / ORIGIN)


def read_history(directory: Path, name: str) -> History:
    """The history of a ``train/`` or ``finetune/`` directory; raises AlphabarError."""
    watched: dict[str, list[tuple[float, float, float, float]]] = {}
    path = directory / "evaluations.csv"
    try:
        rows = _read_csv(directory / "history.csv")
        for row in _read_csv(path) if there(path) else []:
            point = (float(row["step"]), float(row["value"]), float(row["low"]), float(row["high"]))
            watched.setdefault(row["metric"], []).append(point)
        steps = tuple(int(row["step"]) for row in rows)
        loss = tuple(float(row["loss"]) for row in rows)
    except (KeyError, TypeError, ValueError) as error:
        raise AlphabarError(
            f"{directory}: history.csv or evaluations.csv is broken: {error}",
            f"delete {directory} and run the experiment again",
        ) from error
    points_of = {metric: tuple(points) for metric, points in watched.items()}
    told = remarks(read_object(intact(directory / "metrics.json"), remedy(directory)))
    seconds, costs = read_seconds(directory), read_costs(directory)
    return History(name, steps, loss, points_of, told, seconds, costs, stage_path(directory))


def stage_path(directory: Path) -> str:
    """A stage's place in the store as people call it, ``artifacts/STAGE/KEY``, by its manifest, so
    that it is the same wherever the directory lies; empty for one without manifest and key."""
    manifest = read_manifest(directory) if there(directory / MANIFEST) else {}
    stage, key = manifest.get("stage", directory.parent.name), manifest.get("key", directory.name)
    return f"artifacts/{stage}/{key}" if KEY.fullmatch(key) else ""


def _read_csv(path: Path) -> list[dict[str, str]]:
    try:
        return read_csv(intact(path))
    except FileNotFoundError:
        raise AlphabarError(
            f"{path} does not exist", f"delete {path.parent} and run the experiment again"
        ) from None
