from typing import Any

import pytest

from components.figures.figure import Figure
from components.figures.floors import beside
from components.spec.metric_families import FAMILIES


def figure(metric: str, n: int = 500, **protocol: Any) -> dict[str, Figure]:
    record = {"n_generated": n, "n_reference": 540, "resize": "64px", **protocol}
    return {metric: Figure(metric, 0.5, 0.4, 0.6, record)}


DEPENDING = ("fd", "kd_subsets", "precision", "recall", "density", "coverage", "vendi")


@pytest.mark.parametrize("family", [*DEPENDING, "inception_score"])
def test_a_floor_of_another_number_of_images_says_so_where_the_figure_depends_on_it(
    family: str,
) -> None:
    metric = f"{family}_x"
    kept, notes = beside(figure(metric), [figure(metric, 20)])
    assert kept[metric].remark == "n 500"
    (note,) = notes
    assert "depends on that number" in note
    kept, notes = beside(figure(metric), [figure(metric), figure(metric)])
    assert (kept, notes) == (figure(metric), [])


def test_one_row_of_another_number_among_several_is_enough() -> None:
    kept, _ = beside(figure("fd_x"), [figure("fd_x"), figure("fd_x", 20)])
    assert kept["fd_x"].remark == "n 500"


@pytest.mark.parametrize(
    "family", [name for name, family in FAMILIES.items() if family.of_each_image]
)
def test_a_mean_over_images_stands_beside_one_over_fewer(family: str) -> None:
    metric = f"{family}_x"
    assert beside(figure(metric, 540), [figure(metric, 20)]) == (figure(metric, 540), [])


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
    assert kept == {}
    assert note == f"no floor of {metric}: real images were measured otherwise ({part})"


def test_an_older_floor_without_its_reference_s_key_still_counts() -> None:
    kept, notes = beside(figure("fd_x"), [figure("fd_x", reference_key="a")])
    assert (kept, notes) == (figure("fd_x"), [])


def test_a_floor_beside_which_nothing_stands_stays() -> None:
    assert beside(figure("fd_x"), [figure("recall_x", 20)]) == (figure("fd_x"), [])
