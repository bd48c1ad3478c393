"""The report's paragraph in words, and its headline figures as plain numbers."""

import re
from collections.abc import Sequence
from typing import Any

from components.figures.figure import Figure, main_metric, readable
from components.figures.judgement import Figures
from components.figures.standing import (
    BEST,
    BETTER,
    NOISE,
    WORSE,
    Standing,
    standings,
)
from components.figures.winner import better_beside
from components.reporting.cells import Cell
from components.reporting.results import Results
from components.reporting.words.distillation import finding
from components.reporting.words.naming import count
from components.reporting.words.recognised import recognised
from components.reporting.words.tuned_summary import about_tuned
from components.spec.metrics import judge_of

NAMED = 4
"""So many cells are named one by one."""


def paragraphs(results: Results) -> list[str]:
    """What was found, in plain sentences: about the cells, and about the fine-tune, which comes
    first where the base is given and nothing but that was done."""
    cells, best, floors, metric = results.cells, results.best, results.floors, results.metric
    base = results.finetuned.base if results.finetuned else ""
    text = [_as_given(results.chosen, base, metric) if base else _winner(cells, best, metric)]
    text += [f"{told}." for told in better_beside(cells, metric, best)]
    if metric and len(cells) > 1:
        text.append(_others(cells, standings([c.figures for c in cells], metric, best)))
    if metric and metric in floors:
        text.append(_floor(results.chosen.figures[metric], floors[metric]))
    text += recognised(results.chosen.figures, "the real images", "of its samples")
    told, tuned = " ".join(filter(None, text)), results.finetuned
    if tuned is None:
        return [told]
    by_cost = tuned.at_equal_cost
    about = finding(tuned.chosen, results) if by_cost else about_tuned(tuned, metric)
    both = [about, told] if tuned.base else [told, about]
    return [*filter(None, both)]


def scorer_sentence(figures: Figures) -> str | None:
    """How far the CLIP score can be trusted: the scorer's own retrieval on held-out images."""
    if not figures:
        return None
    parts = [
        f"{figure.text()} of held-out {judge_of(name).partition('_')[2]} images"
        for name, figure in sorted(figures.items())
    ]
    protocol = next(iter(figures.values())).protocol
    chance = f" (chance: {100 * protocol.chance:.0f} %)" if protocol.chance else ""
    return (
        f"The CLIP score is worth what its scorer is: among {protocol.n_reference} captions, "
        f"it finds the right one for {' and '.join(parts)}{chance}."
    )


def headline(results: Results) -> dict[str, Any]:
    """The figures that `dvc metrics` and the tracker follow: flat names, plain numbers."""
    figures, tuned = results.chosen.figures, results.finetuned
    beside = sum(bool(cell.beside) for cell in results.cells)
    values: dict[str, Any] = {"best": results.chosen.name, "cells": len(results.cells)}
    values |= {"references": beside} if beside else {}
    for name, figure in figures.items():
        values |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    values |= _against_floor(figures, results.floors, "")
    if tuned:
        values |= {f"finetuned_{name}": f.value for name, f in tuned.figures.items()}
        values |= {f"before_finetune_{name}": f.value for name, f in tuned.baseline.items()}
        values |= _against_floor(tuned.figures, tuned.floors, "finetuned_")
        models = {cell.model for cell in tuned.cells}
        for cell in tuned.cells:
            if cell is tuned.chosen:
                continue
            which = cell.line if len(models) > 1 else cell.sampler
            prefix = re.sub(r"\W+", "_", f"finetuned_{which}")
            values |= {f"{prefix}_{name}": f.value for name, f in cell.figures.items()}
    return values


def _against_floor(figures: Figures, floors: Figures, prefix: str) -> dict[str, float]:
    metric = main_metric(figures)
    if metric is None or metric not in floors:
        return {}
    value, floor = figures[metric].value, floors[metric].value
    ratio = {f"{prefix}{metric}_over_floor": value / floor} if floor > 0 else {}
    return {f"{prefix}{metric}_floor": floor} | ratio


def _winner(cells: Sequence[Cell], best: int, metric: str | None) -> str:
    chosen = cells[best]
    if metric is None:
        return f"{chosen.name} was chosen among {count(len(cells), 'cell')}."
    figure = chosen.figures[metric]
    values = [cell.figures[metric].value for cell in cells if metric in cell.figures]
    able = [cell for cell in cells if not cell.beside]
    if figure.value <= min(values):
        kind, rivals = "cell", cells
    else:
        kind, rivals = "candidate", able
    among = f"Of {len(rivals)} {kind}s, " if len(rivals) > 1 else f"The only {kind}, "
    rank = "the lowest" if len(rivals) > 1 else "a"
    return f"{among}{chosen.name} has {rank} {readable(metric)}: {figure.text()}."


def _as_given(cell: Cell, base: str, metric: str | None) -> str:
    """What the ``base`` of fine-tunes reaches, which was trained elsewhere."""
    if metric is None or metric not in cell.figures:
        return ""
    return f"The base, {base}, has a {readable(metric)} of {cell.figures[metric].text()}."


def _others(cells: Sequence[Cell], standing: Sequence[Standing]) -> str:
    """How the other cells stand to the best; those that cannot be told from it by name."""
    counts = {kind: sum(s.kind == kind for s in standing) for kind in (NOISE, WORSE)}
    others = [s for s in standing if s.kind in counts]
    paired = bool(others) and all(s.paired for s in others)
    how = "beyond noise" if paired else "outside the intervals"
    why = "by differences over the same seeds" if paired else "intervals overlap"
    parts = []
    if counts[NOISE]:
        near = [cell.name for cell, s in zip(cells, standing, strict=True) if s.kind == NOISE]
        parts.append(f"{_named(near)} cannot be told from the best: {why}")
    if counts[WORSE]:
        parts.append(f"{count(counts[WORSE], 'cell')} {_is(counts[WORSE])} worse {how}")
    unlike = sum(s.kind not in (BEST, BETTER, *counts) for s in standing)
    if unlike:
        parts.append(f"{count(unlike, 'cell')} {_is(unlike)} not comparable (another protocol)")
    if others and not counts[NOISE]:
        parts.insert(0, "no other cell is within noise of the best")
    joined = "; ".join(parts)
    return f"{joined[:1].upper()}{joined[1:]}." if joined else ""


def _named(names: Sequence[str]) -> str:
    """How many other cells these are, and which, as far as they are few."""
    shown = list(names[:NAMED])
    last = f"{len(names) - NAMED} more" if len(names) > NAMED else shown.pop()
    which = f"{', '.join(shown)} and {last}" if shown else last
    return f"{count(len(names), 'other cell')} ({which})"


def _floor(figure: Figure, floor: Figure) -> str:
    same = figure.protocol.n_generated == floor.protocol.n_generated
    counts = "as many" if same else f"{floor.protocol.n_generated}"
    ratio = (
        f"{figure.value / floor.value:.2f} times the floor"
        if floor.value > 0
        else "above the floor"
    )
    return (
        f"That is {ratio} of {floor.short()}, "
        f"which {counts} real training images reach against the same holdout."
    )


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
