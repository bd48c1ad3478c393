"""A sampled cell: its figures with intervals, their protocol, and a picture a prompt."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient
from PIL import Image

from components.errors import AlphabarError
from components.figures.likeness import JUDGED, read_likeness
from components.figures.record import PSEUDO_VALUES, RECORD, read_judgement
from components.files.array_file import read_array
from components.files.digests import known_sha256
from components.files.json_file import read_object
from components.files.manifest import intact, remedy, there
from components.files.samples import read_rows
from components.spec.metrics import LIKENESS, family_of, metric_name
from components.spec.record_tags import CELL
from components.tracking.fields import log_metrics
from components.tracking.figure_table import (
    TABLE,
    has_table,
    interval_row,
    left_out,
    log_figures,
    log_finite,
    put_table,
)
from components.tracking.images import GRID, from_array, log_image, logged_images, slugs
from components.tracking.worked import worked

WHOLE = CELL
"""Run tag: everything of this cell has been logged; what `components.tracking.search` looks for."""

EVALUATION = "evaluation"
"""Run artifact: the folder of the cell's judgement: `RECORD`, and `PSEUDO_VALUES` if any."""

RECORD_DIGEST = "alphabar.evaluation_sha256"
"""Run tag: the SHA-256 of `RECORD`, which has that of `PSEUDO_VALUES`."""

MOST_PROMPTS = 16


def log_cell(client: MlflowClient, run_id: str, sample_dir: Path, evaluate_dir: Path) -> None:
    """Log a published sample directory and its published evaluation, once.

    Metrics: the value of each figure, ``network_evaluations`` (an image), and as far as the
    manifests say how long it took ``device_seconds`` (sampling and judging) and
    ``images_per_second`` (sampling alone). Artifacts: the figures with intervals and protocols as a
    table, `figure_table.TABLE`; the whole record as ``evaluation/metrics.json``, and
    ``pseudo_values.npz`` beside it where there is one. Pictures: the first sample of each of up to
    16 distinct prompts, and the grid.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    run = client.get_run(run_id)
    if WHOLE in run.data.tags:
        return
    judgement = read_judgement(evaluate_dir)
    log_figures(client, run, judgement.figures)
    about_samples = read_object(intact(sample_dir / "metrics.json"), remedy(sample_dir))
    log_finite(client, run, _costs(about_samples, sample_dir, evaluate_dir))
    _log_pictures(client, run_id, sample_dir)
    for path in (evaluate_dir / name for name in (RECORD, PSEUDO_VALUES)):
        if there(path):
            client.log_artifact(run_id, str(path), EVALUATION)
    digest = known_sha256(evaluate_dir / RECORD)
    log_metrics(client, run_id, [], {**left_out(judgement), RECORD_DIGEST: digest, WHOLE: "true"})


def _costs(about: Mapping[str, Any], sample_dir: Path, evaluate_dir: Path) -> dict[str, float]:
    """What a cell took, as far as it is known."""
    costs = {"network_evaluations": float(about["network_evaluations"])}
    sampled, both = worked([sample_dir]).seconds, worked([sample_dir, evaluate_dir]).seconds
    if both is not None:
        costs["device_seconds"] = both
    if sampled:
        costs["images_per_second"] = about["samples"] / sampled
    return costs


def log_judgement(
    client: MlflowClient,
    run_id: str,
    directory: Path,
    prefix: str = "",
    families: Collection[str] | None = None,
) -> None:
    """Log the figures in ``directory`` as `log_cell` does those of a cell, once.

    Args:
        prefix: before their names, and before that of the table, such as ``class_``: of which
            images they are.
        families: which of them, whose names stand before the table's; None for all.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    run = client.get_run(run_id)
    table = prefix + "".join(f"{family}_" for family in families or ()) + TABLE
    if has_table(client, run, table):
        return
    figures = {
        name: figure
        for name, figure in read_judgement(directory).figures.items()
        if families is None or family_of(name) in families
    }
    log_figures(client, run, figures, prefix, table)


def log_likeness(client: MlflowClient, run_id: str, directory: Path) -> None:
    """Log what the stage `similarity` has found: ``likeness_EXTRACTOR`` as `log_judgement` does,
    and the base's, the difference and the ceiling behind that name and ``_baseline``,
    ``_difference`` and ``_ceiling``; their intervals in a table, ``likeness.json``.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    run = client.get_run(run_id)
    beside = {
        f"{metric_name(LIKENESS, judge)}_{part}": getattr(found, part)
        for judge, found in read_likeness(directory).items()
        for part in ("baseline", "difference", "ceiling")
    }
    log_finite(client, run, {name: value.value for name, value in beside.items()})
    put_table(client, run, "likeness.json", [interval_row(*each) for each in beside.items()])
    log_judgement(client, run_id, directory / JUDGED, families=[LIKENESS])


def _log_pictures(client: MlflowClient, run_id: str, sample_dir: Path) -> None:
    logged = logged_images(client, run_id)
    firsts = _first_of_each_prompt(sample_dir)
    try:
        images = read_array(intact(sample_dir / "images.npy"), mapped=True)
        for slug, index in zip(slugs(list(firsts)), firsts.values(), strict=True):
            if (slug, 0) not in logged:
                log_image(client, run_id, from_array(np.asarray(images[index])), slug, 0)
        if (GRID, 0) not in logged:
            with Image.open(intact(sample_dir / "grid.png")) as grid:
                log_image(client, run_id, grid.convert("RGB"), GRID, 0)
    except (OSError, ValueError, IndexError) as error:
        raise _broken(sample_dir, error) from error


def _first_of_each_prompt(sample_dir: Path) -> dict[str, int]:
    """Prompt → index of its first sample, for the first prompts in the order of the samples."""
    firsts: dict[str, int] = {}
    for row in read_rows(sample_dir):
        firsts.setdefault(row.prompt, row.index)
        if len(firsts) == MOST_PROMPTS:
            break
    return firsts


def _broken(directory: Path, error: Exception) -> AlphabarError:
    return AlphabarError(
        f"{directory} cannot be recorded: {error}",
        f"delete {directory} and run the experiment again",
    )
