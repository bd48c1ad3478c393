"""Everything that the report reads, loaded once: cells, floors, histories."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.preference.samples import Samples, read_samples
from components.reporting.figures import Figure, read_figures, read_object
from components.spec.keys import canonical_json


@dataclass(frozen=True)
class Cell:
    """One sampled and evaluated point of the sweep.

    Attributes:
        name: as in the plan, such as ``schedule=cosine,guidance=2``.
        model: the network's name in words; cells of one network share it.
        sampler: what differs between the sweep's sampling settings, in words.
        line: ``model`` and ``sampler`` without the guidance: the curve that the cell is on.
        guidance: its guidance scale.
        figures: metric → figure.
        evaluations: network evaluations an image; None when not recorded.
        samples: its images.
    """

    name: str
    model: str
    sampler: str
    line: str
    guidance: float
    figures: Mapping[str, Figure]
    evaluations: float | None
    samples: Samples


@dataclass(frozen=True)
class History:
    """How one network was trained.

    Attributes:
        name: the network, in words.
        steps, loss: the loss at each recorded step.
        watched: metric → rows of (step, value, low, high).
    """

    name: str
    steps: tuple[int, ...]
    loss: tuple[float, ...]
    watched: Mapping[str, tuple[tuple[float, float, float, float], ...]]


def read_cells(spec: dict[str, Any], inputs: Mapping[str, Path]) -> list[Cell]:
    """The cells of the plan, in its order. Raises AlphabarError for what is missing or broken."""
    settings = [cell["sampling"] for cell in spec["cells"]]
    models = model_names(spec["cells"], [inputs[f"train:{i}"] for i in range(len(settings))])
    cells = []
    for index, (planned, sampling) in enumerate(zip(spec["cells"], settings, strict=True)):
        directory = inputs[f"sample:{index}"]
        others = sampler_name(sampling, settings, without=("guidance",))
        model = models[index]
        cells.append(
            Cell(
                planned["name"],
                model,
                sampler_name(sampling, settings),
                f"{model}, {others}" if others else model,
                float(sampling["guidance"]),
                read_figures(inputs[f"evaluate:{index}"]),
                read_object(directory / "metrics.json").get("network_evaluations"),
                read_samples(directory),
            )
        )
    return cells


def model_names(cells: Sequence[Mapping[str, Any]], trained: Sequence[Path]) -> list[str]:
    """Each cell's network in words; cells that read the same directory share the first's name."""
    names: dict[Path, str] = {}
    for cell, directory in zip(cells, trained, strict=True):
        plain = cell["model"] if cell["model"] != "base" else f"schedule={cell['schedule']}"
        names.setdefault(directory, plain.replace("=", " ").replace(",", ", "))
    return [names[directory] for directory in trained]


def sampler_name(
    sampling: Mapping[str, Any],
    settings: Sequence[Mapping[str, Any]],
    without: tuple[str, ...] = (),
) -> str:
    """The fields of ``sampling`` that differ among ``settings``, in words."""
    if all(canonical_json(sampling) == canonical_json(other) for other in settings):
        return "" if without else f"guidance {_plain(sampling['guidance'])}"
    varying = [
        name
        for name in sampling
        if name not in without and len({canonical_json(s[name]) for s in settings}) > 1
    ]
    words = {"solver": "{}", "steps": "{} steps"}
    return ", ".join(words.get(n, n + " {}").format(_plain(sampling[n])) for n in _order(varying))


def read_histories(cells: Sequence[Cell], inputs: Mapping[str, Path]) -> list[History]:
    """One history a network, in the order of the cells, and the fine-tune's last."""
    names = {inputs[f"train:{i}"]: cell.model for i, cell in reversed(list(enumerate(cells)))}
    return [read_history(directory, name) for directory, name in reversed(names.items())]


def read_history(directory: Path, name: str) -> History:
    """The history of a ``train/`` or ``finetune/`` directory; raises AlphabarError."""
    rows = _read_csv(directory / "history.csv")
    watched: dict[str, list[tuple[float, float, float, float]]] = {}
    path = directory / "evaluations.csv"
    try:
        for row in _read_csv(path) if path.exists() else []:
            point = (float(row["step"]), float(row["value"]), float(row["low"]), float(row["high"]))
            watched.setdefault(row["metric"], []).append(point)
        steps = tuple(int(row["step"]) for row in rows)
        loss = tuple(float(row["loss"]) for row in rows)
    except (KeyError, TypeError, ValueError) as error:
        raise AlphabarError(
            f"{directory}: history.csv or evaluations.csv is broken: {error}",
            f"delete {directory} and run the experiment again",
        ) from error
    return History(name, steps, loss, {metric: tuple(points) for metric, points in watched.items()})


def _read_csv(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise AlphabarError(
            f"{path} does not exist", f"delete {path.parent} and run the experiment again"
        ) from None


def _order(names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: name != "guidance")  # what is compared comes first


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
