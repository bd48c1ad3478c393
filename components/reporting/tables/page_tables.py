"""The page's tables of all cells: the main figures, and every figure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from components.figures.figure import OF_NETWORKS, Figure, direction, readable
from components.figures.floors import beside
from components.figures.standing import (
    BEST,
    NOISE,
    Standing,
    pairing_notes,
    standings,
)
from components.figures.winner import better_beside
from components.reporting.cells import Cell
from components.reporting.pictures.sheet import by_value, line_setting, place
from components.reporting.results import Results
from components.reporting.tables.columns import judge_behind, main_metrics, ordered_metrics
from components.reporting.tables.table import protocol_notes
from components.reporting.tables.text_table import FLOOR, n_samples
from components.reporting.words.naming import cost, count
from components.spec.metrics import METRICS, family_of

GROUPED = 12
"""The table of more cells than this is divided by line, and scrolls under its header."""


def comparison_tables(results: Results) -> dict[str, Any]:
    """What the template shows of the cells' figures.

    ``main`` has the columns that a reader needs and how each cell stands to the best, ``rest``
    every other metric (None where there is none); each is a header and groups of lines.
    """
    rows = [cell.figures for cell in results.cells]
    floors, about_floors = beside(results.floors, rows)
    every = ordered_metrics([*rows, floors])
    main = main_metrics([*rows, floors], results.metric)
    rest = [metric for metric in every if metric not in main]
    standing = standings(rows, results.metric, results.best)
    of_cell = dict(zip(results.cells, standing, strict=True))
    return {
        "main": _table(results, floors, main, of_cell),
        "rest": _table(results, floors, rest, of_cell) if rest else None,
        "bound": any(family_of(metric) in OF_NETWORKS for metric in every),
        "lower": [readable(m) for m in main if direction(m) == "lower"],
        "higher": [readable(m) for m in main if direction(m) == "higher"],
        "paired": any(s.paired for s in standing),
        "ranking": readable(results.metric) if results.metric else "",
        "level": results.chosen.figures[results.metric].confidence if results.metric else 0.95,
        "notes": [
            *pairing_notes(standing),
            *better_beside(results.cells, results.metric, results.best),
            *protocol_notes(rows),
            *_of_images(results.cells),
            *about_floors,
            *_left_out([*results.cells, *(results.finetuned.cells if results.finetuned else ())]),
        ],
    }


def header(metric: str) -> dict[str, str]:
    """A metric as the head of a column: its family in words, and who judged."""
    family = family_of(metric)
    if family is None or not METRICS[family].of_samples:
        return {"words": metric, "judge": "", "metric": metric, "title": readable(metric)}
    better = METRICS[family].better
    way = f", {better} is better" if better != "neither" else ""
    return {
        "words": METRICS[family].words,
        "judge": judge_behind(metric).replace("_", " "),
        "metric": metric,
        "title": f"{metric}: {METRICS[family].line}{way}",
    }


def pair(figures: Mapping[str, Figure], metric: str) -> tuple[str, str] | None:
    """A figure as its value and its interval with its remark; None where it was not measured."""
    if metric not in figures:
        return None
    value, interval = split(figures[metric].text())
    remark = figures[metric].remark
    return value, f"{interval}, {remark}" if remark else interval


def split(text: str) -> tuple[str, str]:
    """``value [low, high]`` as the value and its interval, for two lines."""
    value, _, interval = text.partition(" [")
    return value, f"[{interval}"


def _of_images(cells: Sequence[Cell]) -> list[str]:
    """What the evaluations say of their images, each once, with the cells that it is about."""
    found = []
    for note in dict.fromkeys(note for cell in cells for note in cell.judgement.notes):
        names = [cell.name for cell in cells if note in cell.judgement.notes]
        found.append(note if len(names) == len(cells) else f"{', '.join(names)}: {note}")
    return found


def _left_out(cells: Sequence[Cell]) -> list[str]:
    """One sentence for each reason why figures are missing: which, and of how many cells."""
    missing: dict[tuple[str, int], list[str]] = {}
    reasons = Counter(each for cell in cells for each in cell.judgement.left_out.items())
    for (metric, why), times in reasons.items():
        missing.setdefault((why, times), []).append(metric)
    of = {times: f" of {count(times, 'cell')}" for _, times in missing if times < len(cells)}
    return [
        f"not measured{of.get(times, '')}: {', '.join(metrics)} ({why})"
        for (why, times), metrics in missing.items()
    ]


def _table(
    results: Results,
    floors: Mapping[str, Figure],
    metrics: Sequence[str],
    standing: Mapping[Cell, Standing],
) -> dict[str, Any]:
    groups = _groups(results, metrics, standing)
    floor = _line(FLOOR, floors, metrics, None, Standing("floor")) | {"mark": "floor"}
    return {
        "header": [header(metric) for metric in metrics],
        "groups": [*groups, ("", [floor])] if floors else groups,
        "grouped": len(groups) > 1,
    }


def _groups(
    results: Results, metrics: Sequence[str], standing: Mapping[Cell, Standing]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The table's lines in the order of the plan, or many of them by line, the best line first."""
    cells = results.cells
    setting = line_setting(cells) if len(cells) > GROUPED else None
    places = {cell: place(cell, cells, setting) if setting else ("", cell.name) for cell in cells}
    groups: dict[str, list[Cell]] = {}
    for cell in by_value(cells, results.metric) if setting else cells:
        groups.setdefault(places[cell][0], []).append(cell)
    if setting:
        for group in groups.values():
            group.sort(key=lambda cell: (cell.evaluations or 0, cells.index(cell)))
    return [
        (
            line,
            [_cell_line(places[c][1], c, metrics, standing[c]) for c in group],
        )
        for line, group in groups.items()
    ]


def _cell_line(name: str, cell: Cell, metrics: Sequence[str], standing: Standing) -> dict[str, Any]:
    told = f"{name} ({cell.beside})" if cell.beside else name
    return _line(told, cell.figures, metrics, cell.evaluations, standing)


def _line(
    name: str,
    figures: Mapping[str, Figure],
    metrics: Sequence[str],
    evaluations: float | None,
    standing: Standing,
) -> dict[str, Any]:
    return {
        "name": name,
        "values": [pair(figures, m) for m in metrics],
        "n": n_samples(figures),
        "evaluations": cost(evaluations),
        "standing": standing.kind,
        "difference": split(standing.text()) if standing.paired else None,
        "p": standing.p_text(),
        "mark": {BEST: "best", NOISE: "noise"}.get(standing.kind, ""),
    }
