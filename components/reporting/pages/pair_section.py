"""Two cells side by side, which a reader of the page chooses: figures, differences, settings."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from components.figures.comparison import difference, differing
from components.figures.figure import Figure, decimals_of, readable, scale_of, unit_of
from components.figures.judgement import Figures
from components.figures.standing import Standing
from components.reporting.cells import Cell
from components.reporting.pictures.sheet import by_value, leading
from components.reporting.results import Results
from components.reporting.tables.columns import main_metrics
from components.reporting.words.naming import value_words

MOST = 24
"""Cells that can be chosen, at most: each two of them are compared."""


def pair_section(results: Results, tiles: Mapping[str, str]) -> dict[str, Any] | None:
    """What the page's script chooses from; None where there are no two cells to compare.

    Args:
        tiles: a cell's name → the id of its tile on the page.
    """
    metric = results.metric
    cells = leading([c for c in results.cells if metric in c.figures], metric, MOST)
    if metric is None or len(cells) < 2:
        return None
    rows: list[Figures] = [cell.figures for cell in cells]
    metrics = main_metrics(rows, metric)
    order = [cells.index(cell) for cell in by_value(cells, metric)]
    best = cells.index(results.chosen) if results.chosen in cells else order[0]
    near = next(place for place in order if place != best)
    return {
        "cells": [_cell(cell, metrics, tiles.get(cell.name, "")) for cell in cells],
        "metrics": [{"name": name, "words": readable(name)} for name in metrics],
        "differences": {
            f"{i}-{j}": _differences(rows[i], rows[j], metrics)
            for i, j in combinations(range(len(cells)), 2)
        },
        "level": f"{100 * rows[best][metric].confidence:g}",
        "shown": [best, near],
        "differs": _texts(rows[near], rows[best], metrics),
        "left_out": len(results.cells) - len(cells),
    }


def _cell(cell: Cell, metrics: Sequence[str], tile: str) -> dict[str, Any]:
    return {
        "name": cell.name,
        "tile": tile,
        "settings": {path: value_words(path, value) for path, value in cell.settings.items()},
        "figures": {
            name: [cell.figures[name].short(), cell.figures[name].interval()]
            for name in metrics
            if name in cell.figures
        },
    }


def _differences(one: Figures, other: Figures, metrics: Sequence[str]) -> dict[str, Any]:
    return {
        name: _difference(other[name], one[name])
        for name in metrics
        if name in one and name in other and _comparable(one[name], other[name])
    }


def _texts(one: Figures, other: Figures, metrics: Sequence[str]) -> dict[str, str]:
    """Metric → ``one`` less ``other`` in words, for who reads the page without its scripts."""
    return {
        name: Standing("", name, difference(one[name], other[name])).text()
        for name in metrics
        if name in one and name in other and _comparable(one[name], other[name])
    }


def _comparable(one: Figure, other: Figure) -> bool:
    return one.finite and other.finite and not differing(one, other)


def _difference(one: Figure, other: Figure) -> list[Any]:
    """``one`` less ``other`` as value, low, high, decimals, unit, whether it was paired, and
    whether it lies off zero."""
    found, scale = difference(one, other), scale_of(one.metric)
    value, low, high = (scale * end for end in (found.value, found.low, found.high))
    decimals = decimals_of((high - low) / 2, value)
    kept = [round(end, decimals + 1) for end in (value, low, high)]
    points = " points" if unit_of(one.metric) else ""
    return [*kept, decimals, points, found.paired, found.apart(one.confidence)]
