"""Every main figure less that of the best, with the difference's own interval."""

from collections.abc import Sequence

from components.figures.judgement import Figures
from components.figures.standing import standings
from components.reporting.results import Results
from components.reporting.tables.columns import main_metrics, metric_column
from components.reporting.tables.table import Column, Content, Row, Table
from components.reporting.tables.values import told_difference


def difference_table(results: Results) -> Table | None:
    """A row for each cell but the best; None without anything to compare."""
    rows, metric, top = [cell.figures for cell in results.cells], results.metric, results.best
    if metric is None or len(rows) < 2:
        return None
    metrics = [m for m in main_metrics(rows, metric) if m in rows[top]]
    columns = [_against(rows, m, top) for m in metrics]
    return Table(
        f"Differences from {results.chosen.name.replace(',', ', ')}",
        (Column("run"), *(metric_column(m) for m in metrics)),
        tuple(
            Row((cell.name, *(column[i] for column in columns)))
            for i, cell in enumerate(results.cells)
            if i != top
        ),
        level=results.chosen.figures[metric].confidence,
    )


def _against(rows: Sequence[Figures], metric: str, top: int) -> list[Content]:
    """One cell a row: the difference of the metric from that of ``top``."""
    known = zip(rows, standings(rows, metric, top), strict=True)
    return [told_difference(each) if metric in row else None for row, each in known]
