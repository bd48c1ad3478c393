"""Figures as MLflow shows them: one metric a figure, and a table with intervals and protocols.

MLflow draws a chart of every metric. An interval's ends are no charts of their own, and a metric
has no room for them: they stand in the table, which the run's page shows among its artifacts.
"""

import math
from collections.abc import Mapping
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Run

from components.figures.figure import Figure
from components.figures.interval import Interval
from components.figures.judgement import Figures, Judgement
from components.figures.record import figure_record
from components.spec.keys import canonical_json
from components.tracking.fields import log_metrics, shown, tag_texts

NOT_FINITE = "alphabar.not_finite"
"""Run tag: which numbers of a training were not finite, and where: MLflow is not sent those."""

LEFT_OUT = "alphabar.left_out"
"""Run tag: which figures were not measured, and why."""

TABLE = "figures.json"
"""Run artifact: a row a figure."""


def log_figures(
    client: MlflowClient, run: Run, figures: Figures, prefix: str = "", table: str = TABLE
) -> None:
    """Log them as metrics, and with interval and protocol as a table.

    Args:
        prefix: before the metrics' names.
    """
    named = {f"{prefix}{name}": figure for name, figure in figures.items()}
    log_finite(client, run, {name: figure.value for name, figure in named.items()})
    put_table(client, run, table, [_row(*each) for each in named.items()])


def left_out(judgement: Judgement) -> dict[str, str]:
    """The tag that says which figures were not measured, and why, if there are any.

    No record has a figure that is no finite number.
    """
    said = [f"{name}: {why}" for name, why in judgement.left_out.items()]
    return tag_texts({LEFT_OUT: "; ".join(said) or None})


def log_finite(client: MlflowClient, run: Run, values: Mapping[str, float | None]) -> None:
    """Log those that are numbers, at step 0 and the run's start: a second call adds none."""
    metrics = [
        Metric(name, float(value), run.info.start_time, 0)
        for name, value in values.items()
        if isinstance(value, int | float) and math.isfinite(value)
    ]
    log_metrics(client, run.info.run_id, metrics, {})


def put_table(client: MlflowClient, run: Run, name: str, rows: list[dict[str, str]]) -> None:
    """Store a table unless the run has it: MLflow would add the rows to those there."""
    if rows and not has_table(client, run, name):
        columns = {column: [row[column] for row in rows] for column in rows[0]}
        client.log_table(run.info.run_id, columns, name)


def has_table(client: MlflowClient, run: Run, name: str) -> bool:
    """Whether the run has that table."""
    return name in {file.path for file in client.list_artifacts(run.info.run_id)}


def interval_row(name: str, interval: Interval) -> dict[str, str]:
    """A row of such a table without a protocol."""
    ends = (interval.value, interval.low, interval.high)
    value, low, high = (f"{end:.6g}" for end in ends)
    return {"figure": name, "value": value, "low": low, "high": high}


def _row(name: str, figure: Figure) -> dict[str, str]:
    record = figure_record(figure)
    ends = ("value", "low", "high", "confidence", "n_generated", "n_reference")
    protocol: dict[str, Any] = {key: value for key, value in record.items() if key not in ends}
    return {
        "figure": name,
        "shown": shown(figure),
        **{end: "" if record.get(end) is None else _number(record[end]) for end in ends},
        "protocol": canonical_json(protocol),
    }


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
