"""Recorded runs side by side: what `alphabar compare` gathers, prints and writes."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.json_file import json_or_text
from components.files.manifest import read_manifest
from components.files.new_folder import refuse_place, refuse_unless_renewable, renewed_folder
from components.spec.plan.node import stage_key
from flows.telling import show
from flows.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from components.figures.figure import Figure
    from components.files.samples import Samples
    from components.reporting.cells import Cell
    from components.tracking.runs import Tracker
    from components.tracking.search import RecordedCell

PAGE, TABLE = "index.html", "results.csv"
COMMAND = "compare"
"""Names the default folder too, so no experiment is called so."""
LARGEST = (640, 640)
"""Pictures from MLflow are shown at most this large, pixels."""


@dataclass(frozen=True)
class Written:
    """Where the comparison lies."""

    page: Path
    csv: Path


@dataclass(frozen=True)
class _Stored:
    """What the store holds of a recorded cell; None for what it does not hold."""

    evaluated: Path | None
    sampled: Path | None
    reference: Path | None
    model: str | None


def compare_runs(names: Sequence[str], workspace: Workspace, out: Path | None) -> Written:
    """Print the table of two or more recorded runs; write the page and its CSV.

    Args:
        names: as `components.tracking.search.recorded_cells` takes them.
        workspace: where the runs are recorded, and their images perhaps stored.
        out: a folder, or a file that ends in .html or .csv: the other one lies beside it. None
            is reports/compare.

    Raises:
        AlphabarError: a name fits no run, or there is only one run.
    """
    from components.reporting.pages.comparison import comparison_page, results_of
    from components.reporting.tables.csv_file import save_csv
    from components.reporting.tables.every_figure import figures_compared
    from components.reporting.tables.ranked_table import ranked_table
    from components.tracking.connection import connect
    from components.tracking.search import recorded_cells

    place = out or workspace.root / "reports" / COMMAND
    if _targets(place).page.parent == place:
        refuse_unless_renewable(
            place, COMMAND, workspace.store_root
        )  # before the work, not after it
    else:
        refuse_place(place, workspace.store_root)
    tracker = connect(workspace.tracking_uri, workspace.root)
    recorded = recorded_cells(tracker, names)
    if len(recorded) < 2:
        raise AlphabarError(
            f"{', '.join(names)} names one evaluated run", "give two or more, or a sweep's parent"
        )
    stored = [_stored(workspace, cell) for cell in recorded]
    cells = _cells(recorded, stored)
    floors = _floors(stored)
    results = results_of(cells, floors, _ranked_by(recorded))
    sets = [cell.subject for cell in cells]
    show(ranked_table("comparison", sets, floors, results.metric, noun="run"))
    written = _targets(place)
    pictures = _pictures(tracker, recorded, cells)
    page = comparison_page(results, pictures, _title(names), written.csv.name)
    with _room(place, written, workspace.store_root) as made:
        save_csv(made.csv, figures_compared(sets, floors, results.metric, results.best))
        made.page.write_text(page, encoding="utf-8")
    return written


@contextmanager
def _room(out: Path, written: Written, store: Path) -> Iterator[Written]:
    """Where page and CSV are written before they are put in place, both or neither."""
    if written.page.parent == out:
        with renewed_folder(out, COMMAND, store) as part:
            yield Written(part / PAGE, part / TABLE)
        return
    with naming_a_full_disk(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".compare", dir=out.parent) as folder:
            made = Written(Path(folder) / written.page.name, Path(folder) / written.csv.name)
            yield made
            made.csv.replace(written.csv)
            made.page.replace(written.page)


def _ranked_by(recorded: "Sequence[RecordedCell]") -> str | None:
    """The metric that chose the winner in all of these sweeps, if it is one and all have it."""
    chosen = {cell.ranked_by for cell in recorded}
    metric = chosen.pop()
    return (
        metric
        if not chosen and all(metric in cell.judgement.figures for cell in recorded)
        else None
    )


def _targets(out: Path) -> Written:
    if out.suffix.lower() == ".csv":
        return Written(out.with_suffix(".html"), out)
    if out.suffix.lower() == ".html":
        return Written(out, out.with_suffix(".csv"))
    return Written(out / PAGE, out / TABLE)


def _title(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{', '.join(names[:3])} and others"


def _stored(workspace: Workspace, cell: "RecordedCell") -> _Stored:
    """The directories of a cell that are published in this workspace's store."""
    root = workspace.store.root
    evaluated = _published(root, "evaluate", cell.stage_key)
    manifest = read_manifest(evaluated) if evaluated else {"inputs": {}, "spec": {}}
    inputs = manifest["inputs"]
    sampled = _published(root, "sample", inputs.get("samples", ""))
    model = read_manifest(sampled)["inputs"].get("model") if sampled else None
    real = {role: key for role, key in inputs.items() if role in ("data", "scorer")}
    judged_by = {name: manifest.get(name) for name in ("weights", "compute", "plugins")}
    key = stage_key("reference", manifest["spec"], real, **judged_by)
    reference = _published(root, "reference", key)
    return _Stored(evaluated, sampled, reference, model)


def _published(root: Path, stage: str, key: str) -> Path | None:
    """A stage's directory; None for a key that is none, or is not published."""
    directory = root / stage / key
    plain = key.isalnum() and (directory / "manifest.json").is_file()
    return directory if plain else None


def _cells(recorded: Sequence["RecordedCell"], stored: Sequence[_Stored]) -> "list[Cell]":
    from components.reporting.cells import Cell
    from components.reporting.words.naming import line_name, sampler_name

    samplings = [_sampling(cell, where) for cell, where in zip(recorded, stored, strict=True)]
    models = _models(recorded, stored)
    several = len(set(models)) > 1
    cells = []
    for cell, where, sampling, model in zip(recorded, stored, samplings, models, strict=True):
        on_line = sampler_name(sampling, samplings, without=("guidance",))
        on_curve = sampler_name(sampling, samplings, without=("steps",))
        cells.append(
            Cell(
                name=cell.name,
                model=model,
                sampler=sampler_name(sampling, samplings),
                line=line_name(model, on_line, several),
                curve=line_name(model, on_curve, several),
                sampling=sampling,
                settings={},
                judgement=cell.judgement,
                evaluations=cell.evaluations,
                samples=_samples(where),
                beside=cell.beside,
            )
        )
    return cells


def _models(recorded: Sequence["RecordedCell"], stored: Sequence[_Stored]) -> list[str]:
    """Each cell's network in words; networks of one name are told apart by their keys."""
    words = [
        f"{cell.name.partition('/')[0]} {cell.model.removeprefix('train ')}".strip()
        for cell in recorded
    ]
    keys = [where.model or cell.model for cell, where in zip(recorded, stored, strict=True)]
    known: dict[str, set[str]] = {}
    for name, key in zip(words, keys, strict=True):
        known.setdefault(name, set()).add(key)
    return [
        f"{name} ({key[:6]})" if len(known[name]) > 1 else name
        for name, key in zip(words, keys, strict=True)
    ]


def _sampling(cell: "RecordedCell", where: _Stored) -> dict[str, Any]:
    """The sampling section: the stored one, or else what the run's parameters say of it."""
    from components.spec.sections.sampling import SamplingSpec

    section: dict[str, Any] = SamplingSpec().model_dump(mode="json")
    if where.sampled:
        section |= read_manifest(where.sampled)["spec"]["sampling"]
        return section
    logged = {
        name.removeprefix("sampling."): json_or_text(value)
        for name, value in cell.params.items()
        if name.startswith("sampling.")
    }
    return section | {name: value for name, value in logged.items() if name in section}


def _samples(where: _Stored) -> "Samples":
    from components.files.samples import read_samples
    from components.reporting.pages.comparison import NONE

    return read_samples(where.sampled) if where.sampled else NONE


def _floors(stored: Sequence[_Stored]) -> "dict[str, Figure]":
    """What real images reach, where all runs were measured against one reference."""
    from components.figures.record import read_judgement

    references = {where.reference for where in stored}
    reference = references.pop()
    return dict(read_judgement(reference).figures) if reference and not references else {}


def _pictures(
    tracker: "Tracker",
    recorded: Sequence["RecordedCell"],
    cells: "Sequence[Cell]",
) -> "dict[str, NDArray[np.uint8]]":
    """Name → the contact sheet in MLflow, for the runs whose images are not stored here."""
    import numpy as np

    from components.tracking.search import logged_grid

    found = {}
    for cell, known in zip(cells, recorded, strict=True):
        if not cell.samples.rows and (picture := logged_grid(tracker, known.run_id)) is not None:
            picture.thumbnail(LARGEST)
            found[cell.name] = np.asarray(picture)
    return found
