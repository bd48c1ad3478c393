"""What a fine-tune has gained against what it has cost the base: a point a model."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from components.figures.figure import Figure, direction, readable
from components.figures.judgement import Figures
from components.figures.limits import drift_in
from components.reporting.finetuned import Place
from components.reporting.pictures.canvas import Plot, legend, line_style
from components.reporting.pictures.floor import draw_floor
from components.reporting.pictures.plots import errorbar


@dataclass(frozen=True)
class Tuned:
    """A point of the plot.

    Attributes:
        place: models of one line are joined, in this order, each with its step beside it:
            checkpoints of one training.
        adapted: distance to the new data's holdout.
        drifted: feature drift from the base's images.
    """

    name: str
    place: Place
    adapted: Figure
    drifted: Figure


def drift_plot(
    models: Sequence[Tuned], before: Figure | None, floor: Figure | None, most: float | None
) -> Plot:
    """Adaptation (y) over drift (x), both with their intervals.

    Args:
        before: the base's distance to the new data's holdout: its drift is 0.
        floor: that of real images.
        most: the drift that the file allows; None for any.
    """

    def plot(axes: Axes) -> None:
        lines: dict[str, list[Tuned]] = {}
        for model in models:
            lines.setdefault(model.place.line, []).append(model)
        for index, (name, line) in enumerate(lines.items()):
            errorbar(axes, index, name, [m.drifted for m in line], [m.adapted for m in line])
            _label(axes, index, line)
        if before is not None:
            errorbar(axes, len(lines), "base, before", [0.0], [before])
        if floor is not None:
            draw_floor(axes.axhline, axes.axhspan, floor)
        if most is not None:
            axes.axvline(most, linestyle="--", linewidth=1.0, color="grey", label="limit")
        first = models[0]
        axes.set_xlim(left=-0.02 * max(1e-6, *(m.drifted.high for m in models), most or 0.0))
        axes.set_xlabel(f"{readable(first.drifted.metric)} from the base, lower is better")
        metric = first.adapted.metric
        axes.set_ylabel(f"{readable(metric)} to the new holdout\n{direction(metric)} is better")
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
