from collections.abc import Callable

from components.reporting.cells import Cell
from components.reporting.pictures.sheet import arrange, by_value, leading, line_setting
from components.reporting.results import Results

FD = "fd_efficientnet_lite0"
Make = Callable[..., Cell]


def test_many_samplers_make_a_sheet_of_solvers_by_steps(solvers: Results) -> None:
    sheet = arrange(solvers.cells, FD)
    assert sheet.columns == ("4 steps", "5 steps", "10 steps", "20 steps", "50 steps")
    assert len(sheet.rows) == 10
    assert sheet.places["heun", "50 steps"].name == "solver=heun,steps=50"
    assert len(sheet.places) == 41


def test_few_samplers_are_columns_and_networks_rows(schedules: Results) -> None:
    sheet = arrange(schedules.cells, FD)
    assert sheet.columns == ("guidance 1",)
    assert len(sheet.rows) == 8


def test_of_very_many_cells_the_best_are_shown(cell: Make) -> None:
    cells = [cell({"sampling.steps": n}, 1000.0 - n) for n in range(1, 101)]
    sheet = arrange(cells, "fd_x")
    assert [c.sampling["steps"] for c in sheet.places.values()] == list(range(41, 101))
    assert sheet.columns == ("samples",)  # a hundred numbers of steps are too many columns


def test_the_best_come_first_by_the_metrics_direction(cell: Make) -> None:
    distances = [cell({"sampling.steps": n}, value) for n, value in ((1, 3.0), (2, 1.0), (3, 2.0))]
    assert [c.sampling["steps"] for c in by_value(distances, "fd_x")] == [2, 3, 1]
    assert [c.sampling["steps"] for c in leading(distances, "fd_x", 2)] == [2, 3]
    scores = [cell({"sampling.steps": n}, float(n), metric="clip_score_x") for n in (1, 2)]
    assert [c.sampling["steps"] for c in by_value(scores, "clip_score_x")] == [2, 1]
    without = cell({"sampling.steps": 9}, 0.0, metric="kd_x")
    assert by_value([without, *distances], "fd_x")[-1] is without


def test_lines_run_along_steps_or_else_the_longest_setting(cell: Make, solvers: Results) -> None:
    assert line_setting(solvers.cells) == "steps"
    cells = [
        cell({"sampling.guidance": guidance, "sampling.eta": eta}, 1.0)
        for guidance in (1.0, 2.0, 4.0)
        for eta in (0.0, 1.0)
    ]
    assert line_setting(cells) == "guidance"
    assert line_setting(cells, most=2) == "eta"
    assert line_setting(cells[:1]) is None
