from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

from matplotlib.figure import Figure

from components.reporting.cells import Cell, History
from components.reporting.pictures.illustrations import of_training, of_tuning, plates
from components.reporting.results import Results, read
from tests.figures.made import made

FD = "fd_efficientnet_lite0"
Make = Callable[..., Cell]


def of_cells(results: Results, cells: list[Cell]) -> Results:
    return replace(results, cells=cells, best=0, finetuned=None)


def test_a_solver_sweep_is_plotted_over_cost_with_the_distilled_model(solvers: Results) -> None:
    (plate,) = plates(solvers)
    assert plate.file == "evaluations"
    label = plate.plots[0].label
    assert "solver=heun,steps=50, 99: 150.3 [145.0, 155.5]" in label
    assert "distilled, consistency, 2 steps, 2: 165.0 [159.2, 170.8]" in label


def test_a_guidance_sweep_is_plotted_over_guidance_only(report_input: SimpleNamespace) -> None:
    # guidance doubles the cost, but each line over cost would have one point
    results = read(report_input.spec, report_input.inputs)
    (plate,) = plates(results)
    assert [plot.name for plot in plate.plots] == ["tradeoff", "guidance"]


def test_guidance_is_shown_to_trade_what_is_reached_for_what_fits(cell: Make) -> None:
    fits, recall = "r_precision_domain", "recall_efficientnet_lite0"
    cells = []
    for guidance in (1.0, 3.0):
        one = cell({"sampling.guidance": guidance}, 100.0, metric=FD)
        for metric in (fits, recall):
            one.judgement.figures[metric] = made(metric, 0.5, 0.4, 0.6)
        cells.append(one)
    results = SimpleNamespace(
        metric=FD, cells=cells, finetuned=None, floors={}, chosen=cells[0], spec={}
    )
    (plate,) = plates(cast(Results, results))
    assert [plot.name for plot in plate.plots] == ["tradeoff", "guidance", "reached"]
    axes = Figure().subplots()
    plate.plots[2].plot(axes)
    assert axes.get_xlabel().startswith("CLIP R-precision")
    assert axes.get_ylabel().startswith("recall")
    assert {text.get_text() for text in axes.texts} == {"1", "3"}


def test_networks_under_one_sampler_stand_side_by_side(schedules: Results) -> None:
    (plate,) = plates(schedules)
    assert plate.file == "ranking"


def test_a_single_cell_has_no_plot(solvers: Results) -> None:
    assert plates(of_cells(solvers, list(solvers.cells[:1]))) == []


def test_too_many_lines_are_cut_to_the_lowest_and_said(solvers: Results, cell: Make) -> None:
    cells = [
        cell({"sampling.eta": eta / 20, "sampling.steps": n}, 100.0 + eta, n, metric=FD)
        for eta in range(20)
        for n in (5, 10)
    ]
    (plate,) = plates(of_cells(solvers, cells))
    assert plate.plots[0].caption.endswith("Of 20 lines, the 16 that reach the lowest values.")
    assert plate.plots[0].label.count("sampling.eta") == 32


def test_losses_of_other_processes_are_not_compared_by_height(
    schedules: Results, solvers: Results
) -> None:
    assert "compare the shapes" in of_training(schedules)[0].caption
    assert of_training(solvers)[0].caption == "Training loss."


def test_a_distillation_is_not_called_fine_tuning(solvers: Results) -> None:
    assert solvers.finetuned is not None
    assert of_tuning(solvers.finetuned)[0].caption == "Distillation loss."


def test_what_is_seen_through_noise_is_not_called_samples(solvers: Results) -> None:
    row = ((1.0, 20.0, 19.0, 21.0),)
    history = History("net", (1,), (0.5,), {"denoising_psnr_sigma0.5": row, FD: row})
    plots = of_training(replace(solvers, histories=[history]))[1:]
    (noisy,) = [plot.caption for plot in plots if "PSNR" in plot.caption]
    (drawn,) = [plot.caption for plot in plots if "Fréchet" in plot.caption]
    assert "held-out images seen through noise" in noisy
    assert "EMA samples" not in noisy
    assert "EMA samples" in drawn
    assert drawn.endswith("Drawn in 20 steps at guidance 2, judged at 64 px.")
    assert "guidance" not in noisy


def lines_in_training(results: Results, n: int, resize: str) -> list[str]:
    """What the plot of the Fréchet distance in training shows, with a floor of ``n`` images."""
    history = History("net", (1,), (0.5,), {FD: ((1.0, 20.0, 19.0, 21.0),)})
    floors = {FD: made(FD, 10.0, 9.0, 11.0, n_generated=n, resize=resize)}
    plot = of_training(replace(results, histories=[history], floors=floors))[1]
    axes = Figure().subplots()
    plot.plot(axes)
    return [str(line.get_label()) for line in axes.get_lines()]


def test_a_floor_stands_beside_training_where_it_was_judged_alike(solvers: Results) -> None:
    (look,) = solvers.spec["looks"]["training"]
    n, resize = look["evaluate_samples"], f"bilinear-antialias {look['evaluate_size']}px"
    assert lines_in_training(solvers, n, resize) == ["net", "floor (real images)"]
    assert lines_in_training(solvers, n + 1, resize) == ["net"]
    assert lines_in_training(solvers, n, "bilinear-antialias 164px") == ["net"]
