"""A sampled cell: its figures with intervals, their protocol, and a picture a prompt."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric
from PIL import Image

from components.errors import AlphabarError
from components.files.array_file import read_array
from components.files.digests import known_sha256
from components.files.json_file import load_json
from components.files.manifest import intact, there
from components.files.tables import read_csv
from components.tracking.fields import interval, log_metrics, tag_texts
from components.tracking.images import from_array, log_image, logged_images, slugs

WHOLE = "alphabar.cell_recorded"
"""Run tag: everything of this cell has been logged; what `components.tracking.search` looks for."""

RECORD = "evaluation/metrics.json"
"""Run artifact: the whole record of the cell's figures."""

RECORD_DIGEST = "alphabar.evaluation_sha256"
"""Run tag: the SHA-256 of `RECORD`."""

FILES = ("metrics.json", "pseudo_values.npz")
"""What is kept of an evaluation; the second says what each image adds to a figure."""

MOST_PROMPTS = 16


def log_cell(client: MlflowClient, run_id: str, sample_dir: Path, evaluate_dir: Path) -> None:
    """Log a published sample directory and its published evaluation, once.

    Metrics: value, ``_low`` and ``_high`` of each figure, and ``network_evaluations`` (an
    image). Tags: ``protocol.<metric>``, how it was measured, as JSON. Artifacts: the whole record
    as ``evaluation/metrics.json``, and ``pseudo_values.npz`` beside it where there is one.
    Pictures: the first sample of each of up to 16 distinct prompts, and the grid.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    run = client.get_run(run_id)
    if WHOLE in run.data.tags:
        return
    record = _read_json(evaluate_dir / "metrics.json")
    figures: Mapping[str, Mapping[str, Any]] = record.get("metrics", {})
    started = run.info.start_time
    metrics = [m for name, figure in figures.items() for m in interval(name, figure, 0, started)]
    evaluations = _read_json(sample_dir / "metrics.json").get("network_evaluations")
    if evaluations is not None:
        metrics.append(Metric("network_evaluations", float(evaluations), started, 0))
    log_metrics(client, run_id, metrics, {})
    _log_pictures(client, run_id, sample_dir)
    for path in (evaluate_dir / name for name in FILES):
        if there(path):
            client.log_artifact(run_id, str(path), "evaluation")
    tags = {f"protocol.{name}": protocol(figure) for name, figure in figures.items()}
    digest = known_sha256(evaluate_dir / "metrics.json")
    log_metrics(client, run_id, [], tag_texts({**tags, RECORD_DIGEST: digest, WHOLE: "true"}))


def protocol(record: Mapping[str, Any]) -> dict[str, Any]:
    """How a figure was measured: its record without the figure itself."""
    return {name: value for name, value in record.items() if name not in ("value", "low", "high")}


def _log_pictures(client: MlflowClient, run_id: str, sample_dir: Path) -> None:
    logged = logged_images(client, run_id)
    firsts = _first_of_each_prompt(sample_dir / "samples.csv")
    try:
        images = read_array(intact(sample_dir / "images.npy"), mapped=True)
        for slug, index in zip(slugs(list(firsts)), firsts.values(), strict=True):
            if (slug, 0) not in logged:
                log_image(client, run_id, from_array(np.asarray(images[index])), slug, 0)
        if ("grid", 0) not in logged:
            with Image.open(intact(sample_dir / "grid.png")) as grid:
                log_image(client, run_id, grid.convert("RGB"), "grid", 0)
    except (OSError, ValueError, IndexError) as error:
        raise _broken(sample_dir, error) from error


def _first_of_each_prompt(path: Path) -> dict[str, int]:
    """Prompt → index of its first sample, for the first prompts in the order of the samples."""
    firsts: dict[str, int] = {}
    try:
        for row in read_csv(intact(path)):
            prompt = row["caption"] or row["label"] or f"class {row['class']}"
            firsts.setdefault(prompt, int(row["index"]))
            if len(firsts) == MOST_PROMPTS:
                break
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _broken(path.parent, error) from error
    return firsts


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = load_json(intact(path))
    except (OSError, ValueError) as error:
        raise _broken(path.parent, error) from error
    if not isinstance(value, dict):
        raise _broken(path.parent, ValueError(f"{path.name} is not a mapping"))
    return value


def _broken(directory: Path, error: Exception) -> AlphabarError:
    return AlphabarError(
        f"{directory} cannot be recorded: {error}",
        f"delete {directory} and run the experiment again",
    )
