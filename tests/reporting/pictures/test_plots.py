from types import SimpleNamespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from components.figures.record import read_judgement
from components.reporting.cells import read_cells
from components.reporting.pictures import canvas
from components.reporting.pictures.plots import (
    over_evaluations,
    over_guidance,
    side_by_side,
    trade_off,
)
from components.reporting.results import Results

FD, CLIP = "fd_efficientnet_lite0", "clip_score_domain"


def shown(plot: canvas.Plot) -> Axes:
    axes = Canvas().subplots()
    plot(axes)
    return axes


def test_the_trade_off_has_a_line_a_network_and_sampler(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    floor = read_judgement(report_input.inputs["reference"]).figures[FD]
    axes = shown(trade_off(cells, floor, FD, CLIP))
    bars = {c.get_label(): c for c in axes.containers}
    assert list(bars) == [
        "schedule linear, ddim, 50 steps",
        "schedule cosine, ddim, 50 steps",
        "schedule cosine, ddpm, 250 steps",
    ]
    line = bars["schedule cosine, ddim, 50 steps"].lines[0]
    assert list(line.get_ydata()) == [169.0, 153.0, 256.0]
    assert [text.get_text() for text in axes.texts] == ["1", "2", "4", "1", "2", "4", "2"]
    assert any(list(np.asarray(line.get_ydata())) == [88.0, 88.0] for line in axes.lines)


def test_error_bars_span_the_interval(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    axes = shown(over_guidance(cells[3:6], None, FD))
    segments = axes.containers[0].lines[2][0].get_segments()
    assert [(s[0][1], s[1][1]) for s in segments] == [(163, 175), (147, 159), (250, 262)]


def test_cells_without_the_metric_are_left_out(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    assert shown(over_guidance(cells, None, "kid")).containers == []


def test_cost_has_a_line_a_sampler_over_its_evaluations(solvers: Results) -> None:
    axes = shown(over_evaluations(solvers.cells, solvers.floors[FD], FD))
    bars = {c.get_label(): c for c in axes.containers}
    assert len(bars) == 10
    x = np.asarray(bars["heun"].lines[0].get_xdata(), dtype=float)
    np.testing.assert_allclose(x, [9, 19, 39, 99], rtol=0.1)  # shown a little apart
    ddim = np.asarray(bars["ddim"].lines[0].get_xdata(), dtype=float)
    assert list(np.argsort(ddim)) == [0, 1, 2, 3, 4]  # 4 steps come last in the plan
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert any(list(np.asarray(line.get_ydata())) == [88.0, 88.0] for line in axes.lines)


def test_values_near_each_other_stay_on_a_plain_axis(solvers: Results) -> None:
    heun = [cell for cell in solvers.cells if cell.curve == "heun"]
    assert shown(over_evaluations(heun, None, FD)).get_yscale() == "linear"


def test_side_by_side_the_best_is_on_top_and_worse_ones_are_grey(schedules: Results) -> None:
    axes = shown(side_by_side(schedules.cells, None, FD))
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "schedule=rectified_flow,\nprediction=flow", "long names are wrapped"
    assert axes.yaxis_inverted()
    colours = [container.lines[0].get_color() for container in axes.containers]
    assert len(set(colours[:4])) == 1
    assert len(set(colours[4:])) == 1
    assert colours[0] != colours[4]


def test_of_scores_the_highest_is_on_top(schedules: Results) -> None:
    axes = shown(side_by_side(schedules.cells, None, "clip_score_domain"))
    values = [container.lines[0].get_xdata()[0] for container in axes.containers]
    assert values == sorted(values, reverse=True)
    assert axes.get_xlabel().endswith("higher is better")
