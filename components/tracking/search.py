"""Cells by name or id, with their whole records, for tables that compare runs."""

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from PIL import Image

from components.errors import AlphabarError
from components.figures.judgement import Judgement
from components.figures.record import RECORD, read_judgement
from components.files.digests import file_sha256
from components.files.yaml_file import read_yaml
from components.spec.record_tags import STAGE_KEY, SWEEP
from components.spec.recorded_names import SHORTEST_ID, unknown_run, with_those_above
from components.tracking.cell_log import EVALUATION, RECORD_DIGEST, WHOLE
from components.tracking.images import open_whole
from components.tracking.rows import above
from components.tracking.runs import SETTINGS, SETTINGS_LOGGED, Tracker

PAGE = 1000
BESIDE = "alphabar.beside"
"""Run tag: what a cell is that may not win, such as ``reference``."""
RANKED_BY = "alphabar.ranked_by"
"""Run tag: the metric that chooses the winner of the cell's sweep."""
BEST = "alphabar.best"
"""Run tag of a sweep: the name of its winner."""
GONE = "RESOURCE_DOES_NOT_EXIST"
"""MLflow's code of an error about a file that is not there."""
GRID = re.compile(r"images/grid.step.0.timestamp.*\.png")


@dataclass(frozen=True)
class RecordedCell:
    """An evaluated cell as MLflow knows it.

    Attributes:
        name: ``experiment/cell``.
        judgement: its figures, with what each image adds to them.
        run_id: its run.
        model: the name of the model's run that it belongs to; empty where there is none.
        stage_key: the key of its `evaluate` stage; empty where the run has none.
        params: dotted field → value, as text, of what differs within its sweep.
        settings: its whole experiment; empty where it was recorded without.
        evaluations: network evaluations an image.
        beside: what it is, such as ``reference``, where it may not win; empty where it may.
        ranked_by: the metric that chose the winner of its sweep; empty where none did.
    """

    name: str
    judgement: Judgement
    run_id: str
    model: str
    stage_key: str
    params: dict[str, str]
    evaluations: float
    beside: str = ""
    ranked_by: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


def recorded_cells(tracker: Tracker, names_or_ids: Sequence[str]) -> list[RecordedCell]:
    """The cells that are meant, each once, in order.

    A name is an MLflow run id or at least 6 characters of its start; ``experiment/run name``
    (the most recently started one); or an experiment's name, for its latest sweep. A run that
    is not a cell gives all cells below it.

    Raises:
        AlphabarError: a name fits nothing (the nearest names are given), several runs, or a
            run without an evaluated cell.
    """
    with tracker.talking():
        experiments = {e.experiment_id: e.name for e in tracker.client.search_experiments()}
        runs = {run.info.run_id: run for run in _all_runs(tracker, list(experiments))}
        chosen: dict[str, Run] = {}
        for name in names_or_ids:
            run = _meant(name, runs, experiments)
            cells = _cells_below(run, runs.values())
            if not cells:
                raise AlphabarError(
                    f"{name} (run {run.info.run_id}) has no evaluated cell",
                    "finish it with `alphabar run`, or name another run",
                )
            chosen |= {cell.info.run_id: cell for cell in cells}
        names = _names(chosen.values(), experiments)
        return [_recorded(tracker, names[i], cell, runs) for i, cell in chosen.items()]


def logged_grid(tracker: Tracker, run_id: str) -> Image.Image | None:
    """The contact sheet that was logged with a cell; None where it is missing or broken."""
    with tracker.talking(), tempfile.TemporaryDirectory() as folder:
        files = [file.path for file in tracker.client.list_artifacts(run_id, "images")]
        grid = next((p for p in files if GRID.fullmatch(p)), None)
        if grid is None:
            return None
        return open_whole(Path(tracker.client.download_artifacts(run_id, grid, folder)))


def _recorded(tracker: Tracker, name: str, cell: Run, runs: Mapping[str, Run]) -> RecordedCell:
    model = runs.get(above(cell) or "")
    return RecordedCell(
        name,
        _judgement(tracker, cell),
        cell.info.run_id,
        (model.info.run_name or "") if model else "",
        cell.data.tags.get(STAGE_KEY, ""),
        dict(cell.data.params),
        cell.data.metrics["network_evaluations"],
        cell.data.tags.get(BESIDE, ""),
        cell.data.tags.get(RANKED_BY, ""),
        _settings(tracker, cell),
    )


def _settings(tracker: Tracker, cell: Run) -> dict[str, Any]:
    """The experiment of a cell, where it was recorded with one."""
    if SETTINGS_LOGGED not in cell.data.tags:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(tracker.client.download_artifacts(cell.info.run_id, SETTINGS, folder))
        found = read_yaml(path)
    return found if isinstance(found, dict) else {}


def _all_runs(tracker: Tracker, experiment_ids: list[str]) -> Iterable[Run]:
    token: str | None = None
    while experiment_ids:
        page = tracker.client.search_runs(
            experiment_ids,
            max_results=PAGE,
            order_by=["attributes.start_time ASC", "attributes.run_id ASC"],
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def _meant(name: str, runs: dict[str, Run], experiments: dict[str, str]) -> Run:
    named = [run for run in runs.values() if _full_name(run, experiments) == name]
    if not named:
        named = [
            run
            for run in runs.values()
            if SWEEP in run.data.tags and experiments[run.info.experiment_id] == name
        ]
    if named:
        return named[-1]
    if re.fullmatch(rf"[0-9a-f]{{{SHORTEST_ID},32}}", name):
        fitting = [run for run_id, run in runs.items() if run_id.startswith(name)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            ids = ", ".join(run.info.run_id[:12] for run in fitting)
            raise AlphabarError(
                f"{len(fitting)} runs start with {name}", f"give more of one of {ids}"
            )
    raise unknown_run(name, _able(runs, experiments))


def _able(runs: dict[str, Run], experiments: dict[str, str]) -> set[str]:
    """The names of those with evaluated cells."""
    cells = (run_id for run_id, run in runs.items() if WHOLE in run.data.tags)
    ids = with_those_above(cells, lambda run_id: above(runs[run_id]) if run_id in runs else None)
    able = [runs[run_id] for run_id in ids if run_id in runs]
    names = {_full_name(run, experiments) for run in able}
    sweeps = (run for run in able if SWEEP in run.data.tags)
    return names | {experiments[run.info.experiment_id] for run in sweeps}


def _cells_below(run: Run, runs: Iterable[Run]) -> list[Run]:
    """``run`` itself and its descendants, as far as they are recorded cells."""
    below = {run.info.run_id}
    grew = True
    everyone = list(runs)
    while grew:
        found = {r.info.run_id for r in everyone if above(r) in below} | below
        grew, below = found != below, found
    return [r for r in everyone if r.info.run_id in below and WHOLE in r.data.tags]


def _names(cells: Iterable[Run], experiments: dict[str, str]) -> dict[str, str]:
    """Run id → name; cells of the same name are told apart by the start of their ids."""
    full = {cell.info.run_id: _full_name(cell, experiments) for cell in cells}
    every = list(full.values())
    return {
        run_id: name if every.count(name) == 1 else f"{name} ({run_id[:SHORTEST_ID]})"
        for run_id, name in full.items()
    }


def _full_name(run: Run, experiments: dict[str, str]) -> str:
    return f"{experiments[run.info.experiment_id]}/{run.info.run_name}"


def _judgement(tracker: Tracker, cell: Run) -> Judgement:
    """What was logged of a cell's evaluation, as it was when it was."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            where = tracker.client.download_artifacts(cell.info.run_id, EVALUATION, folder)
            directory = Path(where)
            if file_sha256(directory / RECORD) != cell.data.tags.get(RECORD_DIGEST):
                raise AlphabarError("it is damaged: its SHA-256 is not the recorded one", "")
            return read_judgement(directory)
        except (OSError, AlphabarError, MlflowException) as error:
            if isinstance(error, MlflowException) and error.error_code != GONE:
                raise
            told = error.what if isinstance(error, AlphabarError) else error
            raise AlphabarError(
                f"the figures of run {cell.info.run_id} ({EVALUATION}/{RECORD}) cannot be read: "
                f"{told}",
                "delete that run in MLflow and run the experiment again",
            ) from error
