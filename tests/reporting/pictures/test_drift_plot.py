"""Adaptation over drift: which models are joined, and what stands beside them."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from components.reporting.finetuned import Finetuned, Place
from components.reporting.pictures.drift_plot import (
    Gained,
    Tuned,
    crowded,
    drift_plot,
    near_plot,
    of_drift,
)
from components.reporting.pictures.illustrations import of_tuning
from components.reporting.results import read
from tests.figures.made import made
from tests.reporting.conftest import EXPERIMENT, Case, build

FD, DRIFT = "fd_efficientnet_lite0", "drift_efficientnet_lite0"


def tuned_of(root: Path, **settings: Any) -> Finetuned:
    section = {"style": "bold", "kind": "lora", "steps": 400} | settings
    sweep = {"finetune.rank": [4, 16]}
    values = EXPERIMENT | {"finetune": section, "sweep": sweep, "also": []}

    def distance(role: str, _: dict[str, Any]) -> float:
        kind, _, number = role.partition(":")
        return 400.0 - 30 * int(number) if kind == "finetuned" else 420.0

    given = build(root, Case(values, distance, 0.05))
    found = read(given.spec, given.inputs).finetuned
    assert found is not None
    return found


def drawn(tuned: Finetuned) -> tuple[Axes, str]:
    """The plot on its axes, and its caption."""
    (shown,) = of_drift(tuned, FD)
    axes = Canvas().subplots()
    shown.plot(axes)
    return axes, shown.caption


def lines(axes: Axes) -> dict[str, list[float]]:
    return {str(c.get_label()): [*c.lines[0].get_ydata()] for c in axes.containers}  # type: ignore[attr-defined]


def test_checkpoints_of_a_training_are_joined_in_order_and_labelled(tmp_path: Path) -> None:
    axes, caption = drawn(tuned_of(tmp_path, checkpoints=[200, 100]))
    assert lines(axes) == {
        "rank=4": [400.0, 370.0, 340.0],
        "rank=16": [310.0, 280.0, 250.0],
        "base, before": [420.0],
    }
    assert [text.get_text() for text in axes.texts] == ["100", "200", "400"] * 2
    assert "numbers are its steps" in caption


def test_samplings_of_checkpoints_are_lines_of_their_own(tmp_path: Path) -> None:
    scales = [{"adapter_scale": 1.0}, {"adapter_scale": 0.5}]
    axes, _ = drawn(tuned_of(tmp_path, checkpoints=[100], sampling=scales))
    found = lines(axes)
    assert len(found) == 5
    assert all(len(values) == 2 for name, values in found.items() if name != "base, before")


def test_models_of_one_cell_are_points_without_a_number(tmp_path: Path) -> None:
    axes, caption = drawn(tuned_of(tmp_path))
    assert lines(axes) == {"rank=4": [400.0], "rank=16": [370.0], "base, before": [420.0]}
    assert not axes.texts
    assert "steps" not in caption


@pytest.mark.parametrize("steps", [{}, {"checkpoints": [100, 200]}])
def test_a_training_has_one_history_however_many_cells(tmp_path: Path, steps: Any) -> None:
    tuned = tuned_of(tmp_path, **steps)
    names = [history.name for history in tuned.histories]
    assert names == ["fine-tuned, rank=4", "fine-tuned, rank=16"]
    assert of_tuning(tuned)[0].label.count(",") == 1


def near(step: int | None = 100) -> list[Tuned]:
    """Twelve models of three trainings, next to each other."""
    return [
        Tuned(
            f"{rank} {i}",
            Place(f"rank={rank}", None if step is None else step * (i + 1)),
            made("fd_x", 700 - 18 * i - 5 * k, 680 - 18 * i - 5 * k, 720 - 18 * i - 5 * k),
            made("drift_x", 0.44 + 0.0035 * i + 0.001 * k, 0.43, 0.46),
        )
        for k, rank in enumerate((4, 16, 64))
        for i in range(4)
    ]


GAINED = Gained("distance", made("fd_x", 900, 850, 950), made("fd_x", 340, 300, 380))


@pytest.mark.parametrize("plot", [near_plot(near(), ""), drift_plot(near(), GAINED, 0.5)])
def test_no_label_lies_on_another_one_or_on_a_point(plot: Any) -> None:
    canvas = FigureCanvasAgg(Canvas(figsize=(6.4, 4.8), layout="constrained"))
    axes = canvas.figure.subplots()
    plot(axes)
    canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    for box in boxes:  # of text alone, without the line that leads to it
        assert axes.bbox.containsx(box.x0)
        assert axes.bbox.containsx(box.x1)
    texts = [Canvas.text(canvas.figure, 0, 0, t.get_text(), fontsize="small") for t in axes.texts]
    sizes = [text.get_window_extent() for text in texts]
    spots = [text.get_transform().transform(text.get_position()) for text in axes.texts]
    assert len(spots) == 12
    halves = [(size.width / 2, size.height / 2) for size in sizes]
    for (one, a), (other, b) in combinations(zip(spots, halves, strict=True), 2):
        assert any(abs(one[i] - other[i]) >= a[i] + b[i] - 1 for i in range(2))
    points = [axes.transData.transform((m.drifted.value, m.adapted.value)) for m in near()]
    for spot, half in zip(spots, halves, strict=True):
        assert not any(all(abs(spot[i] - p[i]) < half[i] for i in range(2)) for p in points)


def test_models_that_hide_one_another_are_shown_again_closer_up() -> None:
    assert crowded(near(), GAINED, 0.5)
    assert not crowded(near()[:2], GAINED, None), "two are told apart"
    assert not crowded(near(), Gained("distance", None, None), 0.02), "nothing lies far from them"
    wide = [replace(m, adapted=made("fd_x", 600, 200, 1000)) for m in near()]
    assert not crowded(wide, GAINED, 0.5)
    assert crowded(wide, GAINED, 5.0), "the limit alone stretches the axis"
    axes = Canvas().subplots()
    near_plot(near(), GAINED.words)(axes)
    assert set(lines(axes)) == {"rank=4", "rank=16", "rank=64"}
    assert axes.get_xlim()[0] > 0.42
    whole = Canvas().subplots()
    drift_plot(near(), GAINED, 0.5, numbered=False)(whole)
    assert not whole.texts


def test_the_report_has_the_closer_plot_where_there_is_one(tmp_path: Path) -> None:
    tuned = tuned_of(tmp_path, checkpoints=[200, 100])
    named = zip(tuned.drifts, (0.44, 0.441, 0.442, 0.443, 0.444, 0.445), strict=True)
    far = [
        replace(
            judged,
            figures=judged.figures
            | {
                DRIFT: made(
                    DRIFT, value, value - 0.01, value + 0.01, extractor="efficientnet_lite0"
                )
            },
        )
        for judged, value in named
    ]
    before = replace(tuned.before, figures={FD: made(FD, 2000, 1900, 2100)})
    first, closer = of_drift(replace(tuned, drifts=tuple(far), before=before), FD)
    assert "numbers are its steps" not in first.caption
    assert "numbers are its steps" in closer.caption
    assert closer.caption.startswith("The same models alone")
    assert closer.name != first.name


def test_the_chosen_one_has_a_ring_and_the_base_looks_like_no_model() -> None:
    axes, models = Canvas().subplots(), near(None)
    drift_plot(models, GAINED, 0.5, chosen=models[5])(axes)
    ring = next(line for line in axes.lines if line.get_label() == "chosen")
    assert [*ring.get_xdata(), *ring.get_ydata()] == [
        models[5].drifted.value,
        models[5].adapted.value,
    ]
    drawn = {str(c.get_label()): c.lines[0] for c in axes.containers}  # type: ignore[attr-defined]
    base = drawn.pop("base, before")
    assert base.get_marker() == "*"
    assert base.get_color() not in {line.get_color() for line in drawn.values()}
    assert "limit 0.5" in axes.get_legend_handles_labels()[1]
