"""What a fine-tune has gained against what it has cost the base: a point a model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes

from components.figures.figure import Figure, direction, readable
from components.figures.interval import Interval
from components.figures.judgement import Figures
from components.figures.likeness import Likeness, Value
from components.figures.limits import drift_in
from components.reporting.finetuned import Finetuned, Place
from components.reporting.pictures.canvas import GREY, INK, Plot, colour, legend
from components.reporting.pictures.illustrations import Illustration
from components.reporting.pictures.labels import Box, Label, put_labels
from components.reporting.pictures.plots import errorbar

NEAR, NARROW = 0.4, 0.15
"""Models that take less than the first share of both axes, or than the second of the height, or
whose drift is below the first share of the limit, are shown again, closer up."""
CHOSEN = "chosen"
OF_BASE: dict[str, Any] = {"color": INK, "marker": "*", "markersize": 9, "linestyle": "none"}
"""How the base is drawn, unlike all models."""
STROKES = 24
"""So many places of a line between two models are kept free of labels."""


@dataclass(frozen=True)
class Tuned:
    """A point of the plot.

    Attributes:
        place: models of one line are joined, in this order, each with its step beside it:
            checkpoints of one training.
        adapted: what it has gained, such as its distance to the new data's holdout.
        drifted: feature drift from the base's images.
    """

    name: str
    place: Place
    adapted: Figure | Value
    drifted: Figure


@dataclass(frozen=True)
class Gained:
    """The axis of what is gained.

    Attributes:
        words: what it is, and which way is better.
        before: of the base, whose drift is 0.
        real: of real images.
        called: what those are.
    """

    words: str
    before: Figure | Value | None
    real: Figure | Value | None
    called: str = "floor (real images)"


def of_drift(tuned: Finetuned, metric: str) -> list[Illustration]:
    """What each model has gained against what it has cost the base: how alike its images are to the
    subject where it was taught one, else its distance ``metric`` to the new holdout."""
    drifted = [each.figures for each in tuned.drifts]
    named = [(c.line, place) for c, place in zip(tuned.cells, tuned.places, strict=True)]
    shown = _likenesses(tuned, drifted, metric)
    if shown is None:
        models = points(named, [cell.figures for cell in tuned.cells], drifted, metric)
        words = f"{readable(metric)} to the new holdout\n{direction(metric)} is better"
        gained = Gained(words, tuned.baseline.get(metric), tuned.floors.get(metric))
        where = "Down and to the left is better: nearer to the new holdout"
    else:
        models, gained = shown
        where = "Up and to the left is better: more like the subject"
    if not models:
        return []
    most = tuned.section["limits"]["drift_at_most"]
    said = "; ".join(f"{m.name}: {m.adapted.text()} at {m.drifted.text()}" for m in models)
    near = crowded(models, gained, most)
    chosen = next((model for model in models if model.name == tuned.chosen.line), None)
    whole = Illustration(
        "drift",
        drift_plot(models, gained, most, numbered=not near, chosen=chosen),
        f"Plot of adaptation over drift. {said}",
        f"{where}, and nearer to what the base drew from the same seeds and prompts."
        f"{_of_steps(models, numbered=not near)}",
    )
    closer = Illustration(
        "driftnear",
        near_plot(models, gained.words, chosen),
        "The same models alone, closer up; their figures are in the plot before",
        f"The same models alone, closer up.{_of_steps(models, numbered=True)}",
    )
    return [whole, closer] if near else [whole]


def _of_steps(models: Sequence[Tuned], *, numbered: bool) -> str:
    """What is to be said of checkpoints; nothing where there are none."""
    if all(model.place.step is None for model in models):
        return ""
    return f" Lines join checkpoints of one training{'; numbers are its steps' * numbered}."


def _likenesses(
    tuned: Finetuned, drifted: Sequence[Figures], metric: str
) -> tuple[list[Tuned], Gained] | None:
    """The models by likeness to their subject, under each one's first sampling; None where they
    were taught none, or the likeness was not measured by who judges the drift."""
    models, found, seen = list[Tuned](), list[Likeness](), set[str]()
    for cell, place, lost in zip(tuned.cells, tuned.places, drifted, strict=True):
        learnt, drift = tuned.learnt.get(cell.model), drift_in(lost, metric)
        if learnt is None or drift is None or cell.model in seen:
            continue
        seen.add(cell.model)
        likeness = learnt.likeness.get(drift.protocol.extractor)
        if likeness is not None:
            models.append(Tuned(cell.line, place, likeness.tuned, drift))
            found.append(likeness)
    if not found:
        return None
    words = f"likeness to the subject ({models[0].drifted.protocol.extractor})\nhigher is better"
    called = "ceiling (real ones, each to the others)"
    return models, Gained(words, found[0].baseline, found[0].ceiling, called)


def crowded(models: Sequence[Tuned], gained: Gained, most: float | None) -> bool:
    """Whether several models lie so near to each other, beside all else that the plot shows, that
    they hide one another."""
    across, up = _reach([m.drifted for m in models]), _reach([m.adapted for m in models])
    beside = [each for each in (gained.before, gained.real) if each is not None]
    wide, high = [*across, 0.0, most or 0.0], [*up, *_reach(beside)]
    shares = [
        (max(part) - min(part)) / ((max(whole) - min(whole)) or 1.0)
        for part, whole in ((across, wide), (up, high))
    ]
    below = most is not None and max(across) < NEAR * most
    return len(models) > 2 and (max(shares) < NEAR or shares[1] < NARROW or below)


def drift_plot(
    models: Sequence[Tuned],
    gained: Gained,
    most: float | None,
    *,
    numbered: bool = True,
    chosen: Tuned | None = None,
) -> Plot:
    """Adaptation (y) over drift (x), both with their intervals.

    Args:
        most: the drift that the file allows; None for any.
        numbered: whether checkpoints have their steps beside them.
        chosen: which of ``models`` has a ring.
    """

    def plot(axes: Axes) -> None:
        lines = _lines(axes, models)
        if (before := gained.before) is not None:
            errorbar(axes, len(lines), "base, before", [0.0], [before], OF_BASE)
            axes.axhline(before.value, color=GREY, linestyle=":", linewidth=1.0)
        if (real := gained.real) is not None:
            told: dict[str, Any] = {"color": INK, "linestyle": "--", "linewidth": 1.2}
            axes.axhline(real.value, label=gained.called, **told)
            axes.axhspan(real.low, real.high, color=GREY, alpha=0.18, linewidth=0)
        if most is not None:
            axes.axvline(most, linestyle="--", linewidth=1.0, color="grey", label=f"limit {most:g}")
        axes.set_xlim(left=-0.02 * max(1e-6, *(m.drifted.high for m in models), most or 0.0))
        _ring(axes, chosen)
        _finish(axes, models, gained.words)
        if numbered:
            _number(axes, lines)

    return plot


def near_plot(models: Sequence[Tuned], words: str, chosen: Tuned | None = None) -> Plot:
    """The models of `drift_plot` alone, so that those show apart that lie near each other there."""

    def plot(axes: Axes) -> None:
        lines = _lines(axes, models)
        _ring(axes, chosen)
        _finish(axes, models, words)
        _number(axes, lines)

    return plot


def _lines(axes: Axes, models: Sequence[Tuned]) -> list[list[Tuned]]:
    """Draw the models of each line, and return them."""
    lines: dict[str, list[Tuned]] = {}
    for model in models:
        lines.setdefault(model.place.line, []).append(model)
    for index, (name, line) in enumerate(lines.items()):
        errorbar(axes, index, name, [m.drifted for m in line], [m.adapted for m in line])
    return list(lines.values())


def _ring(axes: Axes, chosen: Tuned | None) -> None:
    """A ring around the ``chosen`` model."""
    if chosen is not None:
        spot = [chosen.drifted.value], [chosen.adapted.value]
        ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": INK}
        axes.plot(*spot, "o", label=CHOSEN, markersize=13, markeredgewidth=1.4, **ring)


def _finish(axes: Axes, models: Sequence[Tuned], words: str) -> None:
    axes.set_xlabel(f"{readable(models[0].drifted.metric)} from the base, lower is better")
    axes.set_ylabel(words)
    legend(axes)


def _number(axes: Axes, lines: Sequence[Sequence[Tuned]]) -> None:
    """Each checkpoint's step beside it, in its line's colour."""
    labels = [
        Label(str(model.place.step), model.drifted.value, model.adapted.value, colour(index))
        for index, line in enumerate(lines)
        for model in line
        if model.place.step is not None
    ]
    points = [Box(m.drifted.value, m.adapted.value) for line in lines for m in line]
    put_labels(axes, labels, points, [box for line in lines for box in _strokes(line)])


def _strokes(line: Sequence[Tuned]) -> Iterator[Box]:
    """Where a line's intervals lie, and what joins its models."""
    for model in line:
        x, y = model.drifted, model.adapted
        yield Box((x.low + x.high) / 2, y.value, (x.high - x.low) / 2)
        yield Box(x.value, (y.low + y.high) / 2, 0.0, (y.high - y.low) / 2)
    for one, other in pairwise(line):
        for share in (k / STROKES for k in range(STROKES)):
            across = other.drifted.value - one.drifted.value
            up = other.adapted.value - one.adapted.value
            yield Box(one.drifted.value + share * across, one.adapted.value + share * up)


def _reach(values: Sequence[Interval]) -> list[float]:
    """The ends of all intervals."""
    return [end for value in values for end in (value.low, value.high)]


def points(
    names: Sequence[tuple[str, Place]],
    adapted: Sequence[Figures],
    drifted: Sequence[Figures],
    metric: str,
) -> list[Tuned]:
    """The models that have both figures.

    Args:
        names: of each model, and where it stands.
        metric: the distance.
    """
    return [
        Tuned(name, place, gained[metric], drift)
        for (name, place), gained, lost in zip(names, adapted, drifted, strict=True)
        if metric in gained and (drift := drift_in(lost, metric))
    ]
