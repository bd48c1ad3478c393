"""Every figure as a row of numbers, for a CSV file or a data frame."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from components.figures.judgement import Figures
from components.figures.record import figure_record
from components.figures.standing import BEST, CHOSEN, Standing, standings
from components.reporting.tables.columns import ordered_metrics
from components.reporting.tables.subject import FLOOR, Subject
from components.reporting.tables.table import Table

CANDIDATE = "candidate"

Record = dict[str, Any]


def figures_alone(named: Mapping[str, Figures]) -> Table:
    """A row for every figure of every set of images: its interval and its whole protocol.

    Numbers are as measured, in the metric's unit: shares are from 0 to 1.
    """
    return Table.of_records(
        "figures", [record for name, figures in named.items() for record in _plain(name, figures)]
    )


def figures_compared(
    subjects: Sequence[Subject],
    floors: Figures,
    metric: str | None,
    top: int,
    further: Sequence[Subject] = (),
) -> Table:
    """As `figures_alone`, with how each stands to that of row ``top``.

    Behind the figure stand ``difference``, its ``difference_low`` and ``difference_high``,
    ``p_holm``, ``paired`` (what the page shows as differences), ``standing``, by each metric for
    itself, and ``role``: ``candidate``, or what a row is that may not win.
    The standing of ``top`` itself is `BEST` by ``metric`` and `CHOSEN` by the others. Groups of
    classes or captions follow the whole set; they are not compared.

    Args:
        subjects: what is compared.
        floors: the figures of real images.
        metric: the one that chose ``top``; None where nothing ranks the rows.
        top: the row that all are compared with.
        further: sets that are not compared, such as those of a fine-tuned model.
    """
    found: list[Record] = []
    rows = [subject.figures for subject in subjects]
    compared = {m: _compared(rows, m, metric, top) for m in ordered_metrics(rows)}
    for i, subject in enumerate(subjects):
        more = {"network_evaluations": subject.evaluations, "role": subject.beside or CANDIDATE}
        whole = _plain(subject.name, subject.figures, group="", **more)
        found += [record | compared[record["metric"]][i] for record in whole]
        for group, of_group in subject.judgement.groups.items():
            found += _plain(subject.name, of_group, group=group, **more)
    real = _plain(FLOOR, floors, group="", network_evaluations=None)
    found += [record | {"standing": "floor"} for record in real]
    for other in further:
        more = {"group": "", "network_evaluations": other.evaluations}
        found += _plain(other.name, other.figures, **more)
    return Table.of_records("figures", found)


def _compared(
    rows: Sequence[Figures], metric: str, ranked_by: str | None, top: int
) -> list[Record]:
    """The columns that compare, one entry a row."""
    able = ranked_by is not None and metric in rows[top]
    known = standings(rows, metric, top) if able else [Standing("")] * len(rows)
    if known[top].kind == BEST and metric != ranked_by:
        known[top] = replace(known[top], kind=CHOSEN)
    return [_difference(each) | {"standing": each.kind} for each in known]


def _difference(standing: Standing) -> Record:
    columns = ("difference", "difference_low", "difference_high", "p_holm", "paired")
    values: Sequence[Any] = [None] * len(columns)
    if found := standing.difference:
        values = (found.value, found.low, found.high, standing.p, found.paired)
    return dict(zip(columns, values, strict=True))


def _plain(name: str, figures: Figures, **more: object) -> list[Record]:
    """One record a metric, in the one order."""
    return [
        {"name": name, **more, "metric": metric, **_flat(figure_record(figures[metric]))}
        for metric in ordered_metrics([figures])
    ]


def _flat(record: Mapping[str, Any]) -> Record:
    first = {part: record[part] for part in ("value", "low", "high")}
    rest = {name: record[name] for name in sorted(record) if name not in first}
    plain = {k: json.dumps(v) if isinstance(v, Mapping) else v for k, v in rest.items()}
    return first | plain
