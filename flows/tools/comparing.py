"""Recorded runs side by side: what `alphabar compare` gathers, prints and writes."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.new_folder import refuse_place, refuse_unless_renewable, renewed_folder
from components.spec.recorded_names import unknown_run
from flows.run.known_names import known_runs, missing_store
from flows.telling import show
from flows.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from components.reporting.cells import Cell, History
    from components.reporting.tables.table import Table
    from components.store import Store
    from components.tracking.runs import Tracker
    from components.tracking.stored_cells import StoredCell

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
class Comparison:
    """Recorded runs side by side: where page and CSV lie, and the CSV's rows."""

    written: Written
    figures: "Table"


def compare_runs(names: Sequence[str], workspace: Workspace, out: Path | None) -> Comparison:
    """Print the table of two or more recorded runs; write the page and its CSV.

    Args:
        names: as `components.tracking.search.recorded_cells` takes them.
        workspace: where the runs are recorded, and their images perhaps stored.
        out: a folder, or a file that ends in .html or .csv: the other one lies beside it. None
            is reports/compare.

    Raises:
        AlphabarError: a name fits no run, or there is only one run.
    """
    place = out or workspace.root / "reports" / COMMAND
    # before the work, not after it
    if _targets(place).page.parent == place:
        refuse_unless_renewable(place, COMMAND, workspace.store_root)
    else:
        refuse_place(place, workspace.store_root)
    _refuse_unknown(names, workspace)
    from components.reporting.pages.comparison import comparison_page, results_of
    from components.reporting.tables.csv_file import save_csv
    from components.reporting.tables.every_figure import figures_compared
    from components.reporting.tables.nested import nested
    from components.reporting.tables.ranked_table import ranked_table
    from components.tracking.connection import connect
    from components.tracking.stored_cells import common_floors, common_ranking, stored_cells

    tracker = connect(workspace.tracking_uri, workspace.root)
    gathered = stored_cells(tracker, names, workspace.store)
    if len(gathered) < 2:
        raise AlphabarError(
            f"{', '.join(names)} names one evaluated run" if names else "no run is named",
            "give two or more, or a sweep's parent",
        )
    cells, floors = _cells(gathered, workspace.store), common_floors(gathered)
    histories, unknown = _histories(gathered, cells, workspace.store)
    results = results_of(cells, floors, common_ranking(gathered), histories)
    sets = [cell.subject for cell in cells]
    figures = figures_compared(sets, floors, results.metric, results.best, apart=True)
    table = ranked_table("comparison", sets, floors, results.metric, noun="run", apart=True)
    show(table, metric=results.metric, best=sets[results.best].name, sets=lambda: nested(figures))
    written = _targets(place)
    pictures = _pictures(tracker, gathered)
    page = comparison_page(results, pictures, _title(names), written.csv.name, unknown)
    with _room(place, written, workspace.store_root) as made:
        save_csv(made.csv, figures)
        made.page.write_text(page, encoding="utf-8")
    return Comparison(written, figures)


def _refuse_unknown(names: Sequence[str], workspace: Workspace) -> None:
    """Raise AlphabarError where MLflow's SQLite file is not there, or has no run of a name: before
    anything heavy is imported, and without making that file."""
    if database := missing_store(workspace):
        raise AlphabarError(
            f"no run is recorded here: {database} does not exist",
            "run an experiment first, go to its folder, or set MLFLOW_TRACKING_URI",
        )
    if known := known_runs(workspace):
        for name in names:
            if not known.has(name):
                raise unknown_run(name, known.able)


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


def _targets(out: Path) -> Written:
    if out.suffix.lower() == ".csv":
        return Written(out.with_suffix(".html"), out)
    if out.suffix.lower() == ".html":
        return Written(out, out.with_suffix(".csv"))
    return Written(out / PAGE, out / TABLE)


def _title(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{', '.join(names[:3])} and others"


def _cells(gathered: "Sequence[StoredCell]", store: "Store") -> "list[Cell]":
    from components.files.samples import read_samples
    from components.reporting.cells import Cell
    from components.reporting.pages.comparison import NONE
    from components.reporting.words.naming import line_name, sampler_name
    from components.tracking.stored_cells import model_names
    from components.tracking.stored_networks import differing_settings

    samplings = [cell.sampling for cell in gathered]
    models = model_names(gathered)
    several = len(set(models)) > 1
    cells = []
    settings = differing_settings(gathered, store)
    for cell, sampling, model, own in zip(gathered, samplings, models, settings, strict=True):
        on_line = sampler_name(sampling, samplings, without=("guidance",))
        on_curve = sampler_name(sampling, samplings, without=("steps",))
        cells.append(
            Cell(
                name=cell.recorded.name,
                model=model,
                sampler=sampler_name(sampling, samplings),
                line=line_name(model, on_line, several),
                curve=line_name(model, on_curve, several),
                sampling=sampling,
                settings=own,
                judgement=cell.recorded.judgement,
                evaluations=cell.recorded.evaluations,
                samples=read_samples(cell.sampled) if cell.sampled else NONE,
                beside=cell.recorded.beside,
            )
        )
    return cells


def _histories(
    gathered: "Sequence[StoredCell]", cells: "Sequence[Cell]", store: "Store"
) -> "tuple[list[History], list[str]]":
    """How the networks that are stored here were trained, each once; and which others there are."""
    from components.reporting.cells import read_history
    from components.tracking.stored_networks import network_of, was_trained

    known: dict[Path, str] = {}
    unknown: dict[str, None] = {}
    for stored, cell in zip(gathered, cells, strict=True):
        network = network_of(stored, store)
        if network is not None and was_trained(network):
            known.setdefault(network, cell.model)
        else:
            unknown[cell.model] = None
    return [read_history(network, name) for network, name in known.items()], list(unknown)


def _pictures(
    tracker: "Tracker", gathered: "Sequence[StoredCell]"
) -> "dict[str, NDArray[np.uint8]]":
    """Name → the contact sheet in MLflow, for the runs whose images are not stored here."""
    import numpy as np

    from components.tracking.search import logged_grid

    found = {}
    for cell in gathered:
        picture = None if cell.sampled else logged_grid(tracker, cell.recorded.run_id)
        if picture is not None:
            picture.thumbnail(LARGEST)
            found[cell.recorded.name] = np.asarray(picture)
    return found
