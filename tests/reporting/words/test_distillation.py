from collections.abc import Callable
from dataclasses import replace
from typing import Any

from components.figures.figure import Figure
from components.figures.judgement import Judgement
from components.figures.statistics.intervals import Estimate
from components.figures.statistics.measured import Measured
from components.reporting.cells import Cell
from components.reporting.results import Results
from components.reporting.words.distillation import finding, rivals_of, verdict, yardstick
from tests.figures.made import made

FD = "fd_efficientnet_lite0"


def test_the_distilled_model_is_measured_against_ddim_and_the_best_baseline(
    solvers: Results,
) -> None:
    assert solvers.finetuned is not None
    text = finding(solvers.finetuned.cells[0], solvers)
    assert text == (
        "The distilled model at 2 steps (2 evaluations): Fréchet distance (efficientnet_lite0) "
        "165.0 [159.2, 170.8]. The baseline's ddim at 4 steps (4 evaluations) has 321 [309, 332]: "
        "the distilled model is lower, outside the intervals. The cheapest cell of the baseline "
        "that cannot be told to be worse is unipc at 10 steps (10 evaluations), 161.3 "
        "[155.7, 167.0]. The best baseline, heun at 50 steps (99 evaluations), has 150.3 [145.0, "
        "155.5]: the distilled model is higher, outside the intervals."
    )


def test_one_step_is_singular(solvers: Results) -> None:
    assert solvers.finetuned is not None
    assert "at 1 step (1 evaluation)" in finding(solvers.finetuned.cells[1], solvers)


def test_a_distilled_model_below_every_baseline_cell_has_no_rival(solvers: Results) -> None:
    assert solvers.finetuned is not None
    one = solvers.finetuned.cells[0]
    estimate = Estimate(50.0, 49.0, 51.0, 0.95, "jackknife")
    figure = replace(one.figures[FD], measured=Measured(estimate))
    text = finding(replace(one, judgement=Judgement({FD: figure})), solvers)
    assert "No cell of the baseline gets as far" in text
    assert text.endswith("the distilled model is lower, outside the intervals.")


def test_the_yardstick_costs_at_least_as_much(cell: Callable[..., Cell]) -> None:
    baseline = [cell({"sampling.solver": "ddim", "sampling.steps": n}, 1.0, n) for n in (10, 4, 20)]
    baseline.append(cell({"sampling.solver": "heun"}, 1.0, 3))

    def chosen(cost: float) -> float | None:
        found = yardstick(cell({}, 1.0, cost), baseline)
        return found.evaluations if found else None

    assert [chosen(cost) for cost in (2, 4, 5, 50)] == [4, 4, 10, 20]
    assert yardstick(cell({}, 1.0, 2), baseline[3:]) is None


def test_rivals_share_network_and_guidance_with_the_best(
    solvers: Results, cell: Callable[..., Cell]
) -> None:
    made = [
        cell({"sampling.guidance": guidance, "sampling.steps": steps}, 1.0, steps, metric=FD)
        for guidance in (1.0, 2.0)
        for steps in (5, 10)
    ]
    results = replace(solvers, cells=made, best=3)
    assert rivals_of(results) == made[2:]


def test_a_verdict_names_the_side_and_the_intervals() -> None:
    def figure(value: float, **protocol: Any) -> Figure:
        return made("fd_x", value, value - 5, value + 5, **protocol)

    assert verdict(figure(100), figure(120)) == "lower, outside the intervals"
    assert verdict(figure(108), figure(100)) == "higher, within the intervals"
    assert verdict(figure(100), figure(100)) == "the same"
    assert verdict(figure(100), figure(120, n_generated=9)) == "not comparable (another protocol)"
