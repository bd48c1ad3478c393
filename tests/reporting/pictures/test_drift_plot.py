"""Adaptation over drift: which models are joined, and what stands beside them."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from components.reporting.finetuned import Finetuned
from components.reporting.pictures.drift_plot import of_drift
from components.reporting.pictures.illustrations import of_tuning
from components.reporting.results import read
from tests.reporting.conftest import EXPERIMENT, Case, build

FD = "fd_efficientnet_lite0"


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
