"""Figures by group of classes or captions, the worst groups first."""

from collections.abc import Mapping
from typing import Any

from components.figures.figure import Figure, direction, readable, sign
from components.reporting.cells import Cell
from components.reporting.results import Results
from components.reporting.tables.columns import main_metrics
from components.reporting.tables.page_tables import header, pair
from components.reporting.tables.text_table import n_samples
from components.reporting.words.naming import capital

OPEN = 10
"""Groups that are shown at once; more are folded away."""

Groups = Mapping[str, Mapping[str, Figure]]


def group_tables(results: Results) -> list[dict[str, Any]]:
    """A table for the best cell and one for the fine-tuned model, where groups were measured."""
    shown = [(results.chosen, f"The best cell, {results.chosen.name.replace(',', ', ')}")]
    if tuned := results.finetuned:
        shown.append((tuned.cells[0], capital(tuned.cells[0].line)))
    return [_table(cell, words, results.metric) for cell, words in shown if cell.judgement.groups]


def worst_first(groups: Groups, metric: str) -> list[str]:
    """The groups' names by ``metric``, the worst first; those without it last."""
    known = [name for name, figures in groups.items() if metric in figures]
    known.sort(key=lambda name: sign(metric) * groups[name][metric].value, reverse=True)
    return [*known, *(name for name in groups if name not in known)]


def _table(cell: Cell, words: str, ranking: str | None) -> dict[str, Any]:
    groups = cell.judgement.groups
    every = [figures.keys() for figures in groups.values()]
    measured = {metric for metrics in every for metric in metrics}
    metrics = main_metrics(every, ranking if ranking in measured else None)
    able = [metric for metric in metrics if direction(metric) != "neither"]
    by = ranking if ranking in measured else able[0] if able else None
    names = worst_first(groups, by) if by else list(groups)
    lines = [
        {
            "name": name,
            "values": [pair(groups[name], m) for m in metrics],
            "n": n_samples(groups[name]),
        }
        for name in names
    ]
    return {
        "words": words,
        "header": [header(metric) for metric in metrics],
        "by": readable(by) if by else "",
        "lines": lines[:OPEN],
        "folded": lines[OPEN:],
        "count": len(lines),
    }
