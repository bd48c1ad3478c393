"""What a fine-tune has gained against what it has cost the base: a point a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from components.figures.figure import Figure, direction, readable
from components.figures.judgement import Figures
from components.figures.likeness import Likeness, Value
from components.figures.limits import drift_in
from components.reporting.finetuned import Finetuned, Place
from components.reporting.pictures.canvas import GREY, INK, Plot, legend, line_style
from components.reporting.pictures.illustrations import Illustration
from components.reporting.pictures.plots import errorbar


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
    return [
        Illustration(
            "drift",
            drift_plot(models, gained, most),
            f"Plot of adaptation over drift. {said}",
            f"{where}, and nearer to what the base drew from the same seeds and prompts."
            f"{_of_steps(tuned)}",
        )
    ]


def _of_steps(tuned: Finetuned) -> str:
    """What is to be said of checkpoints; nothing where there are none."""
    if all(place.step is None for place in tuned.places):
        return ""
    return " Lines join checkpoints of one training; numbers are its steps."


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


def drift_plot(models: Sequence[Tuned], gained: Gained, most: float | None) -> Plot:
    """Adaptation (y) over drift (x), both with their intervals.

    Args:
        most: the drift that the file allows; None for any.
    """

    def plot(axes: Axes) -> None:
        lines: dict[str, list[Tuned]] = {}
        for model in models:
            lines.setdefault(model.place.line, []).append(model)
        for index, (name, line) in enumerate(lines.items()):
            errorbar(axes, index, name, [m.drifted for m in line], [m.adapted for m in line])
            _label(axes, index, line)
        if (before := gained.before) is not None:
            errorbar(axes, len(lines), "base, before", [0.0], [before])
            axes.axhline(before.value, color=GREY, linestyle=":", linewidth=1.0)
        if (real := gained.real) is not None:
            told: dict[str, Any] = {"color": INK, "linestyle": "--", "linewidth": 1.2}
            axes.axhline(real.value, label=gained.called, **told)
            axes.axhspan(real.low, real.high, color=GREY, alpha=0.18, linewidth=0)
        if most is not None:
            axes.axvline(most, linestyle="--", linewidth=1.0, color="grey", label="limit")
        axes.set_xlim(left=-0.02 * max(1e-6, *(m.drifted.high for m in models), most or 0.0))
        axes.set_xlabel(f"{readable(models[0].drifted.metric)} from the base, lower is better")
        axes.set_ylabel(gained.words)
        legend(axes)

    return plot


def _label(axes: Axes, index: int, line: Sequence[Tuned]) -> None:
    """Each checkpoint's step beside it, in its line's colour; of lines by turns above and below."""
    above = index % 2 == 0
    for model in line:
        if model.place.step is not None:
            axes.annotate(
                f"{model.place.step}",
                (model.drifted.value, model.adapted.value),
                (5, 4) if above else (-5, -4),
                textcoords="offset points",
                ha="left" if above else "right",
                va="bottom" if above else "top",
                color=line_style(index)["color"],
                fontsize="small",
            )


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
