from collections.abc import Callable

from components.reporting.cells import Cell
from components.reporting.words.contrasts import Axis, Contrast, compared, groups, held_words

Make = Callable[..., Cell]


def contrast(make: Make, values: dict[str, float], held: str = "At 10 steps") -> Contrast:
    cells = [make({"sampling.solver": name}, value) for name, value in values.items()]
    (found,) = compared(cells, list(values), "fd_x", held)
    return found


def test_a_sentence_says_which_is_best_and_which_differ_outside_the_intervals(cell: Make) -> None:
    found = contrast(cell, {"ddim": 230, "dpmpp_2m": 180, "heun": 189, "unipc": 185, "ddpm": 400})
    assert found.text() == (
        "At 10 steps: dpmpp_2m is lowest, 180.0 [175.0, 185.0]; unipc and heun cannot be told "
        "from it; ddim and ddpm are worse outside the intervals."
    )


def test_one_of_a_kind_is_singular(cell: Make) -> None:
    text = contrast(cell, {"a": 100, "b": 105, "c": 200}).text()
    assert text.endswith("b cannot be told from it; c is worse outside the intervals.")


def test_intervals_that_touch_overlap(cell: Make) -> None:
    assert contrast(cell, {"a": 100, "b": 110}).noise == ("b",)
    assert contrast(cell, {"a": 100, "b": 110.1}).worse == ("b",)


def test_a_score_is_best_when_it_is_high(cell: Make) -> None:
    cells = [cell({"sampling.guidance": g}, g, half=0.1, metric="clip_score_x") for g in (1, 2)]
    (found,) = compared(cells, ["one", "two"], "clip_score_x", "All else equal")
    assert found.text().startswith("All else equal: two is highest, 2.00")
    assert found.worse == ("one",)


def test_another_protocol_is_not_compared(cell: Make) -> None:
    cells = [cell({"sampling.steps": 5}, 100), cell({"sampling.steps": 9}, 300, n_generated=9)]
    (found,) = compared(cells, ["5 steps", "9 steps"], "fd_x", "With ddim")
    assert found.text().endswith("; 9 steps is not comparable with it.")


def test_one_cell_is_no_comparison(cell: Make) -> None:
    assert list(compared([cell({}, 1.0)], ["a"], "fd_x", "")) == []


def test_groups_agree_in_everything_that_may_not_vary(cell: Make) -> None:
    cells = [
        cell({"sampling.solver": solver, "sampling.steps": steps}, 1.0)
        for solver in ("ddim", "heun")
        for steps in (5, 10)
    ]
    found = groups(cells, "sampling.solver".__eq__)
    assert [[c.sampling["steps"] for c in group] for group in found] == [[5, 5], [10, 10]]
    assert held_words(cells[1], cells, "sampling.solver".__eq__) == "10 steps"


def test_what_holds_in_every_comparison_is_concluded(cell: Make) -> None:
    values = ({"a": 100, "b": 105, "c": 200}, {"a": 111, "b": 105, "c": 200})
    both = tuple(contrast(cell, value) for value in values)
    assert Axis("x", both).conclusion() == (
        "In all 2 comparisons, never worse outside the intervals: a and b; always worse: c."
    )
    turned = (contrast(cell, {"a": 100, "b": 200}), contrast(cell, {"a": 200, "b": 100}))
    assert Axis("x", turned).conclusion() == ""
    assert Axis("x", both[:1]).conclusion() == ""
