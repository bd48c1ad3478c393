"""The results as tables of text: what the terminal shows of a sweep, and everything for a CSV."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import fill
from typing import Any

from components.figures.figure import (
    Figure,
    direction,
    main_metric,
    unit_of,
)
from components.figures.floors import beside
from components.figures.judgement import Figures, Judgement
from components.figures.protocol import COMPARED
from components.figures.record import figure_record
from components.figures.standing import (
    BEST,
    BETTER,
    CHOSEN,
    NOISE,
    UNLIKE,
    WORSE,
    Standing,
    pairing_notes,
    standings,
)
from components.figures.winner import better_beside, called, winner
from components.reporting.tables.columns import Column, main_metrics, ordered_metrics, within
from components.reporting.tables.figure_table import figure_table
from components.reporting.tables.text_table import FLOOR, Row, Table, n_samples
from components.reporting.words.naming import cost
from components.spec.metric_family import MainColumn
from components.spec.metrics import METRICS, family_of

WIDTH = 100
"""Letters a printed line has, unless told otherwise."""
NAME = 20
ROOMY = 200
"""Letters of a name on one line."""
SHORT = {
    BEST: "best",
    NOISE: "within noise",
    WORSE: "worse",
    BETTER: "better",
    UNLIKE: "other protocol",
}
"""Standings where there is little room."""

CANDIDATE = "candidate"

__all__ = ["Table", "results_table", "rows_table"]


def results_table(rows: Sequence[Row], floors: Figures | None = None, width: int = WIDTH) -> Table:
    """Every set of images with its main figures, and how it stands to the best (`rows_table`).

    A single set has every figure on a row of its own instead (`figure_table`).

    Args:
        rows: what is shown.
        floors: the figures of real images.
        width: letters a line has.
    """
    if len(rows) > 1:
        return rows_table(rows, floors, width)
    table, judgement = figure_table(rows[0], floors), rows[0].judgement
    left_out = [f"{metric} was not measured: {why}" for metric, why in judgement.left_out.items()]
    return replace(table, notes=(*table.notes, *judgement.notes, *left_out))


def rows_table(
    rows: Sequence[Row],
    floors: Mapping[str, Figure] | None = None,
    width: int = WIDTH,
    metric: str | None = None,
) -> Table:
    """The main figures of several sets of images, in as many columns as ``width`` has room for.

    They stand to the `winner` of the rows; a row beside it that is better is told in a note.

    Args:
        rows: what is compared.
        floors: the figures of real images.
        width: letters a line has.
        metric: ranks the rows; None takes `ranking`.
    """
    figures = [row.figures for row in rows]
    floors, about_floors = beside(floors or {}, figures)
    metric = metric or ranking(figures)
    best = winner(rows, metric)
    standing = standings(figures, metric, best)
    shown = main_metrics([*figures, floors], metric)
    roomy = width >= ROOMY
    listed = [*rows, *([Row(FLOOR, Judgement(floors))] if floors else [])]
    known = [*standing, *([Standing("floor")] if floors else [])]
    columns = [
        Column("name", [called(r) if roomy else _broken(called(r)) for r in listed], 0),
        *(_figures(m, listed, 0 if m == metric else _priority(m)) for m in shown),
        Column("evalu-\nations", [cost(row.evaluations) for row in listed], 2.5),
        Column("difference", [s.compact() if s.paired else "" for s in known], 1.5),
        Column("p", [s.p_text() for s in known], 1.4),
        Column("standing", [_standing_text(s.kind, roomy) for s in known], 0),
    ]
    kept = within(width, [column for column in columns if any(column.values)])
    measured = ordered_metrics([row.figures for row in listed])
    return Table(
        tuple(column.header for column in kept),
        tuple(zip(*(column.values for column in kept), strict=True)),
        (
            *_legend([m for m in shown if _header(m) in [c.header for c in kept]], rows),
            *_elsewhere([m for m in measured if _header(m) not in [c.header for c in kept]]),
            *_how(standing),
            *better_beside(rows, metric, best),
            *protocol_notes(figures),
            *about_floors,
        ),
    )


def comparison_rows(
    rows: Sequence[Row], floors: Mapping[str, Figure], metric: str | None, top: int
) -> list[dict[str, Any]]:
    """Every figure of every set as one CSV row, with how it stands to that of row ``top``.

    Numbers are as measured, in the metric's unit: shares are from 0 to 1. Behind what `long_rows`
    has stand ``difference``, its ``difference_low`` and ``difference_high``, ``p_holm``, ``paired``
    (what the page shows as differences), ``standing``, by each metric for itself, and ``role``:
    ``candidate``, or what a row is that may not win.
    The standing of ``top`` itself is `BEST` by ``metric`` and `CHOSEN` by the others. Groups of
    classes or captions follow the whole set; they are not compared.

    Args:
        rows: what is compared.
        floors: the figures of real images.
        metric: the one that chose ``top``; None where nothing ranks the rows.
        top: the row that all are compared with.
    """
    found = []
    figures = [row.figures for row in rows]
    compared = {m: _compared(figures, m, metric, top) for m in ordered_metrics(figures)}
    for i, row in enumerate(rows):
        more = {"network_evaluations": row.evaluations, "role": row.beside or CANDIDATE}
        lines = long_rows(row.name, row.figures, group="", **more)
        found += [line | compared[line["metric"]][i] for line in lines]
        for group, of_group in row.judgement.groups.items():
            found += long_rows(row.name, of_group, group=group, **more)
    floor = long_rows(FLOOR, floors, group="", network_evaluations=None)
    return [*found, *(line | {"standing": "floor"} for line in floor)]


def _compared(
    rows: Sequence[Mapping[str, Figure]], metric: str, ranked_by: str | None, top: int
) -> list[dict[str, Any]]:
    """The columns of `comparison_rows` that compare, one entry a row."""
    able = ranked_by is not None and metric in rows[top]
    known = standings(rows, metric, top) if able else [Standing("")] * len(rows)
    if known[top].kind == BEST and metric != ranked_by:
        known[top] = replace(known[top], kind=CHOSEN)
    return [_difference(each) | {"standing": each.kind} for each in known]


def _difference(standing: Standing) -> dict[str, Any]:
    columns = ("difference", "difference_low", "difference_high", "p_holm", "paired")
    values: Sequence[Any] = [None] * len(columns)
    if found := standing.difference:
        values = (found.value, found.low, found.high, standing.p, found.paired)
    return dict(zip(columns, values, strict=True))


def ranking(rows: Sequence[Mapping[str, Figure]]) -> str | None:
    """What ranks these: a Fréchet distance, or else the first figure of a known direction."""
    main = next((m for figures in rows if (m := main_metric(figures))), None)
    able = (m for m in ordered_metrics(rows) if direction(m) != "neither")
    return main or next(able, None)


def protocol_notes(rows: Sequence[Mapping[str, Figure]]) -> list[str]:
    """One sentence for each part of the protocol in which the rows of a metric differ."""
    notes = []
    for metric in ordered_metrics(rows):
        protocols = [figures[metric].compared for figures in rows if metric in figures]
        for part in COMPARED:
            values = sorted({str(protocol[part]) for protocol in protocols})
            if len(values) > 1:
                notes.append(f"{metric} is not comparable: {part} differs ({', '.join(values)})")
    return notes


def long_rows(name: str, figures: Mapping[str, Figure], **extra: object) -> list[dict[str, Any]]:
    """One CSV row a metric: the figure, its interval and its whole protocol."""
    return [
        {"name": name, **extra, "metric": m, **_flat(figure_record(figures[m]))}
        for m in ordered_metrics([figures])
    ]


def _priority(metric: str) -> float:
    """Which columns give way first: those of the largest number."""
    column = _column(metric)
    return column.gives_way if column else MainColumn.gives_way


def _column(metric: str) -> MainColumn | None:
    family = family_of(metric)
    return METRICS[family].column if family else None


def _figures(metric: str, rows: Sequence[Row], priority: float) -> Column:
    values = [_figure(row.figures[metric]) if metric in row.figures else "" for row in rows]
    return Column(_header(metric), values, priority)


def _figure(figure: Figure) -> str:
    text = figure.compact().replace(" [", "\n[")
    return f"{text}\n({figure.remark})" if figure.remark else text


def _header(metric: str) -> str:
    """The family in words, a word a line."""
    family = family_of(metric)
    words = METRICS[family].words if family else metric
    if family and not METRICS[family].of_samples:
        words = metric  # its words are a sentence
    column = _column(metric)
    broken = column.header if column and column.header else words
    return f"{broken}{unit_of(metric)}".replace(" ", "\n")


def _legend(shown: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """What the columns are: full names, directions, how many images, and what ± means."""
    if not shown:
        return []
    ways = {way: [m for m in shown if direction(m) == way] for way in ("lower", "higher")}
    names = [f"{way} is better: {', '.join(found)}" for way, found in ways.items() if found]
    level = {f.confidence for row in rows for m, f in row.figures.items() if m in shown}
    counts = {n for row in rows if (n := n_samples(row.figures))}
    images = f"; {counts.pop()} images each" if len(counts) == 1 else ""
    intervals = f"± holds the {100 * max(level, default=0.95):g} % interval"
    return [*names, f"{intervals}{images}"]


def _elsewhere(metrics: Sequence[str]) -> list[str]:
    return (
        [f"{len(metrics)} more on the page and in its CSV: {', '.join(metrics)}"] if metrics else []
    )


def _how(standing: Sequence[Standing]) -> list[str]:
    """How the standings were decided."""
    if any(each.paired for each in standing):
        how = "difference: from the best over the same seeds, ± the interval of that pair alone"
        return [f"{how}; p: Holm's over all pairs; standing: by p", *pairing_notes(standing)]
    if any(each.kind in (NOISE, WORSE, BETTER) for each in standing):
        return ["within noise: the interval and that of the best overlap"]
    return []


def _standing_text(kind: str, roomy: bool) -> str:
    return kind if roomy else _broken(SHORT.get(kind, kind), 14)


def _broken(text: str, letters: int = NAME) -> str:
    return fill(text.replace(",", ", ").replace(",  ", ", "), letters, break_long_words=False)


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    first = {part: record.get(part, "") for part in ("value", "low", "high")}
    rest = {name: record[name] for name in sorted(record) if name not in first}
    plain = {k: json.dumps(v) if isinstance(v, Mapping) else v for k, v in rest.items()}
    return first | plain
