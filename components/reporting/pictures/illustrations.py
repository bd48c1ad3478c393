"""Which plots the report shows, each with what it is called and what it shows in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from components.figures.figure import Figure, first_of, readable, sign
from components.figures.judgement import Figures
from components.figures.winner import winner
from components.reporting.cells import Cell, History
from components.reporting.finetuned import Finetuned
from components.reporting.pictures import curves, plots
from components.reporting.pictures.canvas import Plot
from components.reporting.pictures.sheet import leading
from components.reporting.results import Results
from components.reporting.tables.columns import ordered_metrics
from components.reporting.words.naming import cost
from components.spec.metric_family import JUDGES
from components.spec.metrics import METRICS, families_of, family_of

Looks = Sequence[Mapping[str, Any]]
"""How evaluations in training draw and judge, each way once, as the report's spec has it."""

MOST_LINES, MOST_ROWS = 16, 40
"""Lines that can be told apart in a plot; cells that are listed in one."""


RANKING = "ranking"
"""The plate of the cells side by side."""


@dataclass(frozen=True)
class Illustration:
    """A plot.

    Attributes:
        name: letters and digits, unlike that of any other plot of the page.
        plot: puts it on its axes.
        label: what it shows, for those who cannot see it.
        caption: stands below it.
    """

    name: str
    plot: Plot
    label: str
    caption: str


@dataclass(frozen=True)
class Plate:
    """Plots under one heading; also the picture ``file``.png beside the page."""

    file: str
    heading: str
    plots: tuple[Illustration, ...]


def plates(results: Results) -> list[Plate]:
    """The plots of the cells: those over what the sweep varies, or else the cells side by side."""
    found = every_plate(results)
    return [plate for plate in found if plate.file != RANKING] or found


def every_plate(results: Results) -> list[Plate]:
    """All plots of the cells that there is something to show in, those side by side at the end."""
    metric = results.metric
    cells = [cell for cell in results.cells if metric in cell.figures]
    if metric is None or not cells:
        return []
    tuned = results.finetuned
    rivals = tuned.cells if tuned and tuned.at_equal_cost else ()
    beside = [c for c in rivals if metric in c.figures]
    priced = [c for c in cells if c.evaluations]
    found = []
    if _varies([*priced, *beside], lambda c: c.curve, lambda c: c.evaluations):
        found.append(_cost(results, metric, priced, beside))
    if _varies(cells, lambda c: c.line, lambda c: c.guidance):
        found.append(_trade_off(results, metric, cells))
    if len(cells) > 1:
        found.append(_side_by_side(results, metric, cells))
    return found


def of_training(results: Results) -> list[Illustration]:
    """The losses, and the metrics met on the way; nothing where no network was trained."""
    if not results.histories:
        return []
    final = ", ".join(f"{h.name} {h.loss[-1]:.4f}" for h in results.histories if h.loss)
    label = f"Line plot of the training loss over steps; last values: {final}"
    caption = "Training loss."
    if any(path.startswith("process.") for path in results.chosen.settings):
        caption += " Networks with another schedule or target have another loss: compare the shapes"
        caption += ", not the heights."
    found = [Illustration("loss", curves.losses(results.histories), label, caption)]
    looks = results.spec["looks"]["training"]
    return found + _watched(
        results.histories, "watched", "training", looks=looks, floors=results.floors
    )


def of_codecs(histories: Sequence[History]) -> list[Illustration]:
    """The losses of autoencoders, and how well they gave images back on the way."""
    label = f"Line plot of the codec's training loss over steps, {len(histories)} codecs"
    loss = Illustration("codec-loss", curves.losses(histories), label, "Loss of the codec.")
    return [loss, *_watched(histories, "codec", "the codec's training", "reconstructions")]


def of_tuning(tuned: Finetuned, looks: Looks = ()) -> list[Illustration]:
    """The same for the fine-tunes."""
    words = tuned.words.act
    final = ", ".join(f"{h.loss[-1]:.4f}" for h in tuned.histories if h.loss) or "none"
    label = f"Line plot of the {words} loss over steps; last value: {final}"
    losses = curves.losses(tuned.histories)
    loss = Illustration("finetune", losses, label, f"{words.capitalize()} loss.")
    return [loss, *_watched(tuned.histories, "tuned", words, looks=looks)]


def _cost(results: Results, metric: str, cells: Sequence[Cell], beside: Sequence[Cell]) -> Plate:
    shown, left_out = _leading_lines(cells, metric, lambda cell: cell.curve)
    shown += beside
    words = "; ".join(f"{c.name}, {cost(c.evaluations)}: {c.figures[metric].text()}" for c in shown)
    plot = Illustration(
        "evaluations",
        plots.over_evaluations(shown, results.floors.get(metric), metric),
        f"Line plot of {readable(metric)} over network evaluations an image. {words}",
        f"{_side(metric)} and to the left is better. Bars are the intervals; points of one cost "
        f"stand a little apart.{left_out}",
    )
    return Plate("evaluations", "Quality against network evaluations", (plot,))


def _trade_off(results: Results, metric: str, cells: Sequence[Cell]) -> Plate:
    shown, left_out = _leading_lines(cells, metric, lambda cell: cell.line)
    floor = results.floors.get(metric)
    score = first_of(results.chosen.figures, *families_of("clip"))
    words = "; ".join(f"{cell.name}: {cell.figures[metric].text()}" for cell in shown)
    found = [
        Illustration(
            "guidance",
            plots.over_guidance(shown, floor, metric),
            f"Line plot of {readable(metric)} over guidance. {words}",
            f"The same cells over the guidance scale.{left_out}",
        )
    ]
    if score and score != metric:
        found.insert(0, _against("tradeoff", results, shown, (metric, score), left_out))
    recall, fits = (first_of(results.chosen.figures, f) for f in ("recall", "r_precision"))
    if recall and fits:
        why = ": real images that are reached, against samples that find their caption"
        found.append(_against("reached", results, shown, (recall, fits), left_out, why))
    return Plate("tradeoff", "Trade-off over guidance", tuple(found))


def _against(
    name: str,
    results: Results,
    cells: Sequence[Cell],
    metrics: tuple[str, str],
    left_out: str,
    why: str = "",
) -> Illustration:
    """The first of ``metrics`` against the second, which is better when it is higher."""
    metric, score = metrics
    return Illustration(
        name,
        plots.trade_off(cells, results.floors.get(metric), metric, score),
        f"Line plot of {readable(metric)} against {readable(score)}; figures in the table below",
        f"{_side(metric)} and to the right is better{why}. Numbers are the guidance scale."
        f"{left_out}",
    )


def _side_by_side(results: Results, metric: str, cells: Sequence[Cell]) -> Plate:
    shown = leading(cells, metric, MOST_ROWS)
    caption = "Shaded: the best one's interval. Grey differs from it; the others cannot be told "
    caption += "from it."
    if any(cell.beside for cell in shown):
        caption += " A reference is never the best."
    if len(shown) < len(cells):
        caption += f" The best {len(shown)} of {len(cells)} cells."
    words = "; ".join(f"{cell.name}: {cell.figures[metric].text()}" for cell in shown)
    plot = Illustration(
        "ranking",
        plots.side_by_side(shown, results.floors.get(metric), metric),
        f"{readable(metric)} of every cell with its interval. {words}",
        caption,
    )
    return Plate(RANKING, "The cells side by side", (plot,))


def _watched(
    histories: Sequence[History],
    name: str,
    when: str,
    of: str = "samples",
    looks: Looks = (),
    floors: Figures = MappingProxyType({}),
) -> list[Illustration]:
    found = []
    for index, metric in enumerate(ordered_metrics(history.watched for history in histories)):
        noisy = _of_noisy(metric)
        what = noisy or f"EMA {of}"
        label = f"Line plot of {readable(metric)} of {what} during {when}"
        text = f"{readable(metric)} of {what} during {when}, with its interval."
        text += "" if noisy else look_words(looks)
        floor = floors.get(metric)
        if floor is not None and not _as_looks_judge(floor, looks):
            floor = None
        plot = curves.watched(histories, metric, floor, "" if noisy else otherwise(looks))
        found.append(Illustration(f"{name}{index}", plot, label, text))
    return found


def _as_looks_judge(floor: Figure, looks: Looks) -> bool:
    """Whether real images were judged as the samples of every evaluation in training were."""
    family = family_of(floor.metric)
    each = family is not None and METRICS[family].of_each_image
    return all(
        floor.protocol.resize.endswith(f" {look['evaluate_size']}px")
        and (each or floor.protocol.n_generated == look["evaluate_samples"])
        for look in looks
    )


def _of_noisy(metric: str) -> str:
    """What a figure in training is of, where that is not what the network draws; else empty."""
    family = family_of(metric)
    return JUDGES[METRICS[family].judge].sees if family else ""


def otherwise(looks: Looks) -> str:
    """What the chart itself says of evaluations in training: they are not as the results are."""
    ways = [
        f"{look['evaluate_samples']} samples, {look['evaluate_steps']} steps, "
        f"guidance {look['evaluate_guidance']:g}, {look['evaluate_size']} px"
        for look in looks
    ]
    return "\n".join(["measured otherwise than the results:", *dict.fromkeys(ways)] if ways else [])


def look_words(looks: Looks) -> str:
    """How evaluations in training draw and judge, which differs from what is done afterwards."""
    ways = [
        f"in {look['evaluate_steps']} steps at guidance {look['evaluate_guidance']:g}, "
        f"judged at {look['evaluate_size']} px"
        for look in looks
    ]
    return f" Drawn {'; or '.join(dict.fromkeys(ways))}." if ways else ""


def _extreme(metric: str) -> str:
    return "lowest" if sign(metric) > 0 else "highest"


def _side(metric: str) -> str:
    return "Down" if sign(metric) > 0 else "Up"


def _varies(
    cells: Sequence[Cell], line: Callable[[Cell], str], at: Callable[[Cell], object]
) -> bool:
    """Whether any line has two points apart."""
    places: dict[str, set[object]] = {}
    for cell in cells:
        places.setdefault(line(cell), set()).add(at(cell))
    return any(len(found) > 1 for found in places.values())


def _leading_lines(
    cells: Sequence[Cell], metric: str, line: Callable[[Cell], str]
) -> tuple[list[Cell], str]:
    """The cells on the `MOST_LINES` lines that reach the best values, and what is left out."""
    best: dict[str, float] = {}
    for cell in cells:
        value = sign(metric) * cell.figures[metric].value
        best[line(cell)] = min(value, best.get(line(cell), value))
    top = winner(cells, metric)
    own = line(cells[top]) if top is not None else ""
    kept = set(sorted(best, key=lambda name: (name != own, best[name]))[:MOST_LINES])
    if len(kept) == len(best):
        return list(cells), ""
    note = f" Of {len(best)} lines, the {len(kept)} that reach the {_extreme(metric)} values."
    return [cell for cell in cells if line(cell) in kept], note
