"""A train directory's history, evaluations and sample grids, as far as they are written."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Run

from components.errors import AlphabarError
from components.files.json_file import read_object
from components.files.manifest import MANIFEST, intact, read_manifest, remedy, there
from components.files.tables import csv_rows
from components.spec.catalogue import FINETUNES
from components.spec.keys import digest
from components.tracking.fields import log_metrics, tag_texts
from components.tracking.figure_table import NOT_FINITE, log_finite
from components.tracking.training_pictures import log_pictures
from components.tracking.worked import worked
from components.training.costs import Costs, read_costs
from components.training.pictures import PICTURES
from components.training.stopwatch import evaluations_share, read_seconds

WHOLE = "alphabar.training_recorded"
"""Run tag: everything in the published train directory has been logged."""

MEMORY_TAG = "alphabar.memory"
"""Run tag: whose memory `step_memory_bytes` and `peak_memory_bytes` are."""

EVALUATION = "training_"
"""Before the names of figures that are measured while training: otherwise than a cell's, of fewer
images and in fewer steps, and so no points of its chart."""

MISSED = "alphabar.missed_evaluations"
"""Run tag: which evaluations while training measured nothing, or not all, and why."""

MOST_MISSED = 20
DENSE_ROWS = 2000
KEPT_FILES = (
    "history.csv",
    "evaluations.csv",
    "missed_evaluations.csv",
    "best.json",
    "best/best.json",
    "metrics.json",
    "manifest.json",
)
"""Stored where they are there; `components.training.publish` says when the best one's record is
at the top."""


def log_training(client: MlflowClient, run_id: str, directory: Path) -> None:
    """Log what ``directory`` holds by now and the run does not.

    ``history.csv`` (a step column, any metrics), ``evaluations.csv`` (step, metric, value, low,
    high) and ``samples/step_*.png`` (`training_pictures.log_pictures`) may still be growing: an
    unfinished last line or picture is left for the next call. Once ``manifest.json`` is there, the
    files themselves are stored under ``training/`` and further calls return at once.

    A run that is killed goes on from an earlier step, and may then evaluate at other steps. A
    file that does not begin with what was logged of it is therefore sent anew. Metrics carry the
    run's start time, since the files hold none: MLflow then recognises a row that is sent twice.
    Rows that the file has no longer stay in MLflow, which forgets nothing. Histories are thinned
    as `kept` says.

    Raises:
        AlphabarError: a finished line is not readable.
    """
    run = client.get_run(run_id)
    if WHOLE in run.data.tags:
        return
    published = (directory / MANIFEST).is_file()
    started = run.info.start_time
    for name, points in (("history.csv", _history), ("evaluations.csv", _evaluation)):
        rows = _rows(directory / name, published)
        progress = f"alphabar.logged.{name}"
        done = _already_logged(rows, run.data.tags.get(progress, ""))
        if len(rows) > done:
            try:
                metrics = [m for i in range(done, len(rows)) for m in points(rows[i], i, started)]
            except (KeyError, TypeError, ValueError) as error:
                raise _broken(directory / name, error) from error
            told = _not_finite(rows) if name == "history.csv" else {}
            log_metrics(client, run_id, metrics, {progress: _progress(rows), **told})
    log_pictures(client, run_id, directory / PICTURES)
    if published:
        _log_files(client, run, directory)


def kept(index: int) -> bool:
    """Whether a history's row ``index`` is logged.

    The first 2,000 rows are, then every 2nd up to row 4,000, every 4th up to 8,000, and so on:
    10,000 rows make about 4,300 points a metric. A row's fate does not depend on how many
    follow, so a history looks the same whether it was logged live or at once.
    """
    stride = 1
    while index >= DENSE_ROWS * stride:
        stride *= 2
    return index % stride == 0


def _progress(rows: Sequence[Mapping[str, str]]) -> str:
    """How many rows, and which."""
    return f"{len(rows)} {digest(rows)}"


def _already_logged(rows: Sequence[Mapping[str, str]], logged: str) -> int:
    """How many of ``rows`` are known to be logged; 0 where others were."""
    count, _, _ = logged.partition(" ")
    done = int(count or 0)
    return done if done <= len(rows) and _progress(rows[:done]) == logged else 0


def _history(row: dict[str, str], index: int, timestamp: int) -> list[Metric]:
    if not kept(index):
        return []
    step = int(row["step"])
    return [
        Metric(name, float(value), timestamp, step)
        for name, value in row.items()
        if name != "step" and value != "" and math.isfinite(float(value))
    ]


def _not_finite(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The tag that tells of numbers that are none, which MLflow is not sent."""
    steps: dict[str, list[str]] = {}
    for row in rows:
        for name, value in row.items():
            if value != "" and not math.isfinite(float(value)):
                steps.setdefault(f"{name} is {value}", []).append(row["step"])
    said = [
        f"{what} at step {of[0]}" + (f" and {len(of) - 1} more, up to {of[-1]}" if of[1:] else "")
        for what, of in steps.items()
    ]
    return {NOT_FINITE: "; ".join(said)} if said else {}


def _missed(directory: Path) -> dict[str, str]:
    """The tag that tells of evaluations that were missed, and why."""
    rows = _rows(directory / "missed_evaluations.csv", published=True)
    said = [f"step {row['step']}: {row['message']} ({row['kind']})" for row in rows[:MOST_MISSED]]
    said += [f"and {len(rows) - MOST_MISSED} more"] if rows[MOST_MISSED:] else []
    return tag_texts({MISSED: "; ".join(said) or None})


def _evaluation(row: dict[str, str], index: int, timestamp: int) -> list[Metric]:
    """The value; its interval stands in the file, which is stored."""
    value = float(row["value"] or math.nan)
    finite = math.isfinite(value)
    return (
        [Metric(EVALUATION + row["metric"], value, timestamp, int(row["step"]))] if finite else []
    )


def _rows(path: Path, published: bool) -> list[dict[str, str]]:
    try:
        text = intact(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    if not published:
        text = text[: text.rfind("\n") + 1]
    try:
        return list(csv_rows(text.splitlines(keepends=True)))
    except ValueError as error:
        raise _broken(path, error) from error


def _log_files(client: MlflowClient, run: Run, directory: Path) -> None:
    run_id: str = run.info.run_id
    for name in KEPT_FILES:
        if there(directory / name):
            client.log_artifact(run_id, str(directory / name), "training")
    path = directory / "metrics.json"
    figures = read_object(intact(path), remedy(directory)) if path.is_file() else {}
    # the final loss is the history's last row already
    logged: dict[str, Any] = {name: value for name, value in figures.items() if name != "loss"}
    seconds, costs = read_seconds(directory), read_costs(directory)
    logged |= {f"{part}_seconds": taken for part, taken in seconds.items()}
    logged |= {"evaluations_share": evaluations_share(seconds), **costs.measured()}
    logged["device_seconds"] = worked([directory]).seconds
    logged["training_images_per_second"] = _images_per_second(directory, costs)
    log_finite(client, run, logged)
    told = _missed(directory) | ({MEMORY_TAG: costs.memory} if costs.memory else {})
    log_metrics(client, run_id, [], {WHOLE: "true", **told})


def _images_per_second(directory: Path, costs: Costs) -> float | None:
    """Images trained on in a second of steps, without evaluations; None where it is not known."""
    whole = (directory / MANIFEST).is_file()
    spec = read_manifest(directory).get("spec", {}) if whole else {}
    batch, kind = spec.get("training", {}).get("batch_size"), str(spec.get("kind"))
    if not batch or not costs.seconds_a_step:
        return None
    images = FINETUNES[kind].images_a_row if kind in FINETUNES else 1
    return float(images * batch / costs.seconds_a_step)


def _broken(path: Path, error: Exception) -> AlphabarError:
    return AlphabarError(
        f"{path} has a line that is not readable: {error}",
        f"delete {path.parent} and run the experiment again",
    )
