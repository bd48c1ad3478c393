"""The results table: what `alphabar compare` prints and the report shows, and safe CSV files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.preference.spreadsheet import write_csv
from components.reporting.figures import (
    PROTOCOL,
    Figure,
    first_metric,
    lower_is_better,
    main_metric,
    parse_figures,
    sampled,
)
from components.reporting.naming import cost

FLOOR = "real images (floor)"
BEST, NOISE, WORSE = "best", "within noise of the best", "worse than the best"
UNLIKE = "other protocol: not comparable"
BETTER = "better than the chosen one"
ORDER = ("fid", "fd_", "kd_", "kid", "elbo_bpd", "clip_score", "recognised_")

__all__ = ["Table", "results_table", "write_csv", "write_table_csv"]


@dataclass(frozen=True)
class Table:
    """A table to print: every cell is text.

    Attributes:
        columns: the header.
        rows: one a compared set of images, each as long as ``columns``.
        notes: what a reader must know, such as figures that were measured differently.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def results_table(
    rows: Sequence[tuple[str, Mapping[str, Any]]], floor: Mapping[str, Any] | None = None
) -> Table:
    """Every set of images with its metrics and their intervals, and how it stands to the best.

    Args:
        rows: (name, content of `metrics.json`); a top-level ``network_evaluations`` is shown.
        floor: the content of the reference's `metrics.json`: real images against real images.

    Raises:
        AlphabarError: a row has no figures.
    """
    figures = [parse_figures(content, name) for name, content in rows]
    floors = parse_figures(floor, "the reference") if floor else {}
    metrics = ordered_metrics([*figures, floors])
    columns = ("name", *metrics, "n", "network evaluations", "standing")
    lines = [
        (
            name,
            *_cells(measured, metrics),
            n_samples(measured),
            cost(content.get("network_evaluations")),
            standing,
        )
        for (name, content), measured, standing in zip(
            rows, figures, standings(figures), strict=True
        )
    ]
    if floors:
        lines.append((FLOOR, *_cells(floors, metrics), n_samples(floors), "", "floor"))
    return Table(columns, tuple(lines), tuple(protocol_notes(figures)))


def ordered_metrics(tables: Iterable[Iterable[str]]) -> list[str]:
    """Every metric that occurs: the ranking distance first, then the kernel one, CLIP, shares."""
    names = sorted({name for figures in tables for name in figures})
    rank = {prefix: index for index, prefix in enumerate(ORDER)}
    return sorted(
        names, key=lambda n: min([i for p, i in rank.items() if n.startswith(p)] or [len(rank)])
    )


def standings(rows: Sequence[Mapping[str, Figure]], best: int | None = None) -> list[str]:
    """How each row stands to the best one by the main metric.

    "Within noise" means that its interval and the best one's share a point. Rows that were
    measured by another protocol are not ranked.

    Args:
        rows: metric → figure, for each row.
        best: the row to compare with; None takes the one with the best value.
    """
    metric = next((m for figures in rows if (m := _ranking(figures))), None)
    ranked = {i: figures[metric] for i, figures in enumerate(rows) if metric and metric in figures}
    if metric is None or not ranked:
        return [""] * len(rows)
    sign = 1 if lower_is_better(metric) else -1
    top = best if best in ranked else min(ranked, key=lambda i: sign * ranked[i].value)
    return [_standing(ranked.get(i), ranked[top], i == top, sign) for i in range(len(rows))]


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
    """Write the printed table as CSV."""
    write_csv(path, [dict(zip(table.columns, row, strict=True)) for row in table.rows])


def n_samples(figures: Mapping[str, Figure]) -> str:
    """How many images were judged: one number, or several where figures differ in it."""
    counts = {str(f.record.get("n_generated", "")) for f in sampled(figures).values()}
    return ", ".join(sorted(counts - {""}))


def _ranking(figures: Mapping[str, Figure]) -> str | None:
    return main_metric(figures) or first_metric(figures, "")


def _standing(figure: Figure | None, top: Figure, is_top: bool, sign: int) -> str:
    if figure is None:
        return ""
    if is_top:
        return BEST
    if figure.protocol != top.protocol:
        return UNLIKE
    if figure.overlaps(top):
        return NOISE
    return WORSE if sign * figure.value > sign * top.value else BETTER


def _cells(figures: Mapping[str, Figure], metrics: Sequence[str]) -> tuple[str, ...]:
    return tuple(figures[m].text() if m in figures else "" for m in metrics)


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    first = {part: record.get(part, "") for part in ("value", "low", "high")}
    return first | {name: record[name] for name in sorted(record) if name not in first}
