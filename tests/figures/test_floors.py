from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from components.figures import floors
from components.figures.figure import Figure
from components.spec.metric_families import FAMILIES
from tests.figures.made import made


def figure(metric: str, n: int = 500, **protocol: Any) -> dict[str, Figure]:
    return {metric: made(metric, 0.5, 0.4, 0.6, n_generated=n, **protocol)}


def beside(
    floor: Mapping[str, Figure], rows: Sequence[Mapping[str, Figure]]
) -> tuple[list[tuple[str, str]], list[str]]:
    """The floors that stay, each with its remark, and the notes."""
    kept, notes = floors.beside(floor, rows)
    return [(name, each.remark) for name, each in kept.items()], notes


DEPENDING = ("fd", "kd_subsets", "precision", "recall", "density", "coverage", "vendi")


@pytest.mark.parametrize("family", [*DEPENDING, "inception_score"])
def test_a_floor_of_another_number_of_images_says_so_where_the_figure_depends_on_it(
    family: str,
) -> None:
    metric = f"{family}_x"
    kept, notes = beside(figure(metric), [figure(metric, 20)])
    assert kept == [(metric, "n 500")]
    (note,) = notes
    assert "depends on that number" in note
    kept, notes = beside(figure(metric), [figure(metric), figure(metric)])
    assert (kept, notes) == ([(metric, "")], [])


def test_one_row_of_another_number_among_several_is_enough() -> None:
    kept, _ = beside(figure("fd_x"), [figure("fd_x"), figure("fd_x", 20)])
    assert kept == [("fd_x", "n 500")]


@pytest.mark.parametrize(
    "family", [name for name, family in FAMILIES.items() if family.of_each_image]
)
def test_a_mean_over_images_stands_beside_one_over_fewer(family: str) -> None:
    metric = f"{family}_x"
    assert beside(figure(metric, 540), [figure(metric, 20)]) == ([(metric, "")], [])


@pytest.mark.parametrize(
    ("part", "value"),
    [("resize", "96px"), ("reference", "bold"), ("settings", {"k": 3}), ("reference_key", "b")],
)
@pytest.mark.parametrize("metric", ["fd_x", "authenticity_x"])
def test_a_floor_that_was_measured_otherwise_is_left_away(
    metric: str, part: str, value: object
) -> None:
    own = {"settings": {"k": 5}, "reference_key": "a"}
    kept, (note,) = beside(figure(metric, **own), [figure(metric, **{**own, part: value})])
    assert kept == []
    assert note == f"no floor of {metric}: real images were measured otherwise ({part})"


def test_a_floor_beside_which_nothing_stands_stays() -> None:
    assert beside(figure("fd_x"), [figure("recall_x", 20)]) == ([("fd_x", "")], [])


@pytest.mark.parametrize(("against", "stays"), [("captions", True), ("training", False)])
def test_a_mean_over_images_depends_on_no_number_of_captions(against: str, stays: bool) -> None:
    floor = figure("clip_score_x", reference=against, n_reference=193)
    kept, _ = beside(floor, [figure("clip_score_x", reference=against, n_reference=600)])
    assert kept == ([("clip_score_x", "")] if stays else [])
