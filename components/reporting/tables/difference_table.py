"""Figures of several sets of images less those of one of them, with the differences' intervals."""

from collections.abc import Sequence

from components.figures.judgement import Figures
from components.figures.standing import standings
from components.reporting.results import Results
from components.reporting.tables.columns import main_metrics, metric_column
from components.reporting.tables.table import Column, Content, Row, Table
from components.reporting.tables.values import told_difference


def difference_table(results: Results) -> Table | None:
    """Every main figure of each cell but the best; None without anything to compare."""
    rows, metric, top = [cell.figures for cell in results.cells], results.metric, results.best
    if metric is None:
        return None
    caption = f"Differences from {results.chosen.name.replace(',', ', ')}"
    names = [cell.name for cell in results.cells]
    return differences_from(caption, names, rows, top, main_metrics(rows, metric), noun="run")


def differences_from(
    caption: str,
    names: Sequence[str],
    rows: Sequence[Figures],
    top: int,
    metrics: Sequence[str],
    noun: str,
) -> Table | None:
    """A row for each set but ``top``, its figures less those of ``top``, with Holm's p over all
    pairs; None without anything to compare.

    Args:
        caption: what they are.
        names: of the sets.
        rows: their figures.
        top: the set that all are compared with.
        metrics: a column each, where ``top`` has them.
        noun: what a set is called.
    """
    metrics = [metric for metric in metrics if metric in rows[top]]
    if not metrics or len(rows) < 2:
        return None
    columns = [_against(rows, metric, top) for metric in metrics]
    return Table(
        caption,
        (Column(noun), *(metric_column(metric) for metric in metrics)),
        tuple(
            Row((name, *(column[i] for column in columns)))
            for i, name in enumerate(names)
            if i != top
        ),
        level=rows[top][metrics[0]].confidence,
    )


def _against(rows: Sequence[Figures], metric: str, top: int) -> list[Content]:
    """One cell a row: the difference of the metric from that of ``top``."""
    known = zip(rows, standings(rows, metric, top), strict=True)
    return [told_difference(each) if metric in row else None for row, each in known]
