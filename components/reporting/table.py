"""The results as tables of text: what the terminal shows of a sweep, and everything for a CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import Any

from components.preference.spreadsheet import write_csv
from components.reporting.columns import Column, main_metrics, ordered_metrics, within
from components.reporting.figure_table import figure_table
from components.reporting.figures import (
    Figure,
    direction,
    main_metric,
    parse_figures,
    unit_of,
)
from components.reporting.naming import cost
from components.reporting.standing import (
    BEST,
    BETTER,
    NOISE,
    UNLIKE,
    WORSE,
    Standing,
    pairing_notes,
    standings,
)
from components.reporting.text_table import FLOOR, Row, Table, n_samples
from components.spec.metrics import METRICS, PROTOCOL, family_of

WIDTH = 100
"""Letters a printed line has, unless told otherwise."""
NAME = 20
ROOMY = 200
"""Letters of a name on one line."""
GIVE_WAY_LAST = ("precision", "recall", "clip_score", "elbo_bpd", "recognised", "authenticity")
"""Which of the main columns stay longest where there is little room; kernel distances do not."""
HYPHENS = {"authenticity": "authen-\nticity", "recognised": "recog-\nnised"}
SHORT = {
    BEST: "best",
    NOISE: "within noise",
    WORSE: "worse",
    BETTER: "better",
    UNLIKE: "other protocol",
}
"""Standings where there is little room."""

__all__ = ["Table", "results_table", "rows_table", "wide_table", "write_csv"]


def results_table(
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    floor: Mapping[str, Any] | None = None,
    width: int = WIDTH,
) -> Table:
    """Every set of images with its main figures, and how it stands to the best (`rows_table`).

    A single set has every figure on a row of its own instead (`figure_table`).

    Args:
        rows: (name, content of `metrics.json`); a top-level ``network_evaluations`` is shown.
        floor: the content of the reference's `metrics.json`: real images against real images.
        width: letters a line has.

    Raises:
        AlphabarError: a row has no figures.
    """
    known = [
        Row(name, parse_figures(content, name), content.get("network_evaluations"))
        for name, content in rows
    ]
    floors = parse_figures(floor, "the reference") if floor else {}
    if len(known) > 1:
        return rows_table(known, floors, width)
    table = figure_table(known[0], floors)
    left_out = rows[0][1].get("left_out") or {}
    notes = [f"{metric} was not measured: {why}" for metric, why in left_out.items()]
    return replace(table, notes=(*table.notes, *notes))


def rows_table(
    rows: Sequence[Row],
    floors: Mapping[str, Figure] | None = None,
    width: int = WIDTH,
    metric: str | None = None,
) -> Table:
    """The main figures of several sets of images, in as many columns as ``width`` has room for.

    Args:
        rows: what is compared.
        floors: the figures of real images.
        width: letters a line has.
        metric: ranks the rows; None takes `ranking`.
    """
    floors = floors or {}
    metric = metric or ranking([row.figures for row in rows])
    standing = standings([row.figures for row in rows], metric)
    shown = main_metrics([*(row.figures for row in rows), floors], metric)
    roomy = width >= ROOMY
    listed = [*rows, *([Row(FLOOR, floors)] if floors else [])]
    known = [*standing, *([Standing("floor")] if floors else [])]
    columns = [
        Column("name", [row.name if roomy else _broken(row.name) for row in listed], 0),
        *(_figures(m, listed, 0 if m == metric else _priority(m)) for m in shown),
        Column("evalu-\nations", [cost(row.evaluations) for row in listed], 2.5),
        Column("difference", [s.gap.compact() if s.gap else "" for s in known], 1.5),
        Column("p", [s.gap.p_text() if s.gap else "" for s in known], 1.4),
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
            *protocol_notes([row.figures for row in rows]),
        ),
    )


def wide_table(rows: Sequence[Row], metric: str | None = None) -> Table:
    """Every figure of every set of images, a row a set: for a CSV."""
    figures = [row.figures for row in rows]
    metric = metric or ranking(figures)
    metrics = ordered_metrics(figures)
    after = ("n", "network evaluations", "standing", "difference", "adjusted p", "compared by")
    lines = [
        (
            row.name,
            *(row.figures[m].text() if m in row.figures else "" for m in metrics),
            n_samples(row.figures),
            cost(row.evaluations),
            standing.kind,
            standing.gap.text() if standing.gap else "",
            standing.gap.p_text() if standing.gap else "",
            _compared_by(standing),
        )
        for row, standing in zip(rows, standings(figures, metric), strict=True)
    ]
    return Table(("name", *metrics, *after), tuple(lines), tuple(protocol_notes(figures)))


def ranking(rows: Sequence[Mapping[str, Figure]]) -> str | None:
    """What ranks these: a Fréchet distance, or else the first figure of a known direction."""
    main = next((m for figures in rows if (m := main_metric(figures))), None)
    able = (m for m in ordered_metrics(rows) if direction(m) != "neither")
    return main or next(able, None)


def protocol_notes(rows: Sequence[Mapping[str, Figure]]) -> list[str]:
    """One sentence for each part of the protocol in which the rows of a metric differ."""
    notes = []
    for metric in ordered_metrics(rows):
        protocols = [figures[metric].protocol for figures in rows if metric in figures]
        for part in PROTOCOL:
            values = sorted({str(protocol[part]) for protocol in protocols})
            if len(values) > 1:
                notes.append(f"{metric} is not comparable: {part} differs ({', '.join(values)})")
    return notes


def long_rows(name: str, figures: Mapping[str, Figure], **extra: object) -> list[dict[str, Any]]:
    """One CSV row a metric: the figure, its interval and its whole protocol."""
    return [
        {"name": name, **extra, "metric": m, **_flat(figures[m].record)}
        for m in ordered_metrics([figures])
    ]


def write_table_csv(path: Path, table: Table) -> None:
    """Write a table of `wide_table` as CSV."""
    write_csv(path, [dict(zip(table.columns, row, strict=True)) for row in table.rows])


def _priority(metric: str) -> float:
    """Which columns give way first: those at the end of `GIVE_WAY_LAST`."""
    family = family_of(metric)
    return 2 + GIVE_WAY_LAST.index(family) / 10 if family in GIVE_WAY_LAST else 3


def _figures(metric: str, rows: Sequence[Row], priority: float) -> Column:
    values = [row.figures[metric].compact() if metric in row.figures else "" for row in rows]
    return Column(_header(metric), values, priority)


def _header(metric: str) -> str:
    """The family in words, a word a line."""
    family = family_of(metric)
    words = METRICS[family].words if family else metric
    if family and METRICS[family].of_network:
        words = metric  # its words are a sentence
    return f"{HYPHENS.get(words, words)}{unit_of(metric)}".replace(" ", "\n")


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
    if any(each.gap for each in standing):
        how = "difference: from the best over the same seeds; p: Holm's over all pairs"
        return [how, *pairing_notes(standing)]
    if any(each.kind in (NOISE, WORSE, BETTER) for each in standing):
        return ["within noise: the interval and that of the best overlap"]
    return []


def _compared_by(standing: Standing) -> str:
    if standing.kind in ("", BEST, UNLIKE):
        return ""
    return "paired difference" if standing.gap else f"intervals ({standing.reason})"


def _standing_text(kind: str, roomy: bool) -> str:
    return kind if roomy else _broken(SHORT.get(kind, kind), 14)


def _broken(text: str, letters: int = NAME) -> str:
    return fill(text.replace(",", ", ").replace(",  ", ", "), letters, break_long_words=False)


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    first = {part: record.get(part, "") for part in ("value", "low", "high")}
    return first | {name: record[name] for name in sorted(record) if name not in first}
