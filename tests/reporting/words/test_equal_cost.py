from collections.abc import Callable

import pytest

from components.reporting.cells import Cell
from components.reporting.words.equal_cost import at_equal_cost

Make = Callable[..., Cell]


@pytest.fixture
def cells(cell: Make) -> list[Cell]:
    """DDIM at n evaluations, Heun at 2n - 1."""

    def one(solver: str, steps: int, value: float, cost: float) -> Cell:
        return cell({"sampling.solver": solver, "sampling.steps": steps}, value, cost)

    return [
        *(one("ddim", n, 100 + 500 / n, n) for n in (5, 10, 20)),
        *(one("unipc", n, 100 + 200 / n, n) for n in (5, 10, 20)),
        *(one("heun", n, 100 + 400 / n, 2 * n - 1) for n in (5, 10, 20)),
    ]


def test_solvers_meet_at_equal_evaluations_not_steps(cells: list[Cell]) -> None:
    texts = [contrast.text() for contrast in at_equal_cost(cells, "fd_x").contrasts]
    assert texts[1] == (
        "At 10 evaluations, 10 steps unless noted: unipc is lowest, 120.0 [115.0, 125.0]; ddim and "
        "heun (5 steps, 9 evaluations) are worse outside the intervals."
    )
    assert [text.split(",")[0] for text in texts] == [
        "At 5 evaluations",
        "At 10 evaluations",
        "At 20 evaluations",
    ]  # Heun's 20 steps cost 39: nothing else does


def test_a_tenth_is_near_and_more_is_not(cell: Make) -> None:
    def costs(*found: float) -> int:
        made = [
            cell({"sampling.solver": name, "sampling.steps": 5}, 100, cost)
            for name, cost in zip(("ddim", "heun"), found, strict=True)
        ]
        return len(at_equal_cost(made, "fd_x").contrasts)

    assert costs(10, 9) == 1
    assert costs(10, 8) == 0


def test_networks_and_guidance_are_never_mixed(cell: Make) -> None:
    made = [
        cell({"process.schedule": schedule, "sampling.guidance": guidance}, 100, 50)
        for schedule in ("linear", "cosine")
        for guidance in (1.0, 2.0)
    ]
    assert at_equal_cost(made, "fd_x").contrasts == ()


def test_what_is_compared_already_is_left_out(cells: list[Cell]) -> None:
    found = at_equal_cost(cells, "fd_x").contrasts
    left = at_equal_cost(cells, "fd_x", [found[0].cells]).contrasts
    assert left == found[1:]
