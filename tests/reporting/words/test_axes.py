from collections.abc import Callable

from components.reporting.cells import Cell
from components.reporting.results import Results
from components.reporting.words.axes import along_axes
from components.reporting.words.contrasts import Axis

FD = "fd_efficientnet_lite0"


def axes_of(results: Results) -> dict[str, Axis]:
    return {axis.title: axis for axis in along_axes(results.cells, FD)}


def test_solvers_are_compared_at_each_number_of_steps(solvers: Results) -> None:
    axes = axes_of(solvers)
    assert list(axes) == ["sampling.solver", "sampling.steps", "equal network evaluations"]
    texts = [contrast.text() for contrast in axes["sampling.solver"].contrasts]
    assert [text.split(":")[0] for text in texts] == [
        "At 5 steps",
        "At 10 steps",
        "At 20 steps",
        "At 50 steps",
    ]
    assert texts[2] == (
        "At 20 steps: heun (39 evaluations) is lowest, 151.6 [146.3, 157.0]; unipc, rk45 (58.5 "
        "evaluations) and dpmpp_2m cannot be told from it; dpmpp_2m_sde, ddim, euler, "
        "predictor_corrector (40 evaluations), euler_ancestral and ddpm are worse outside the "
        "intervals."
    )


def test_steps_are_compared_for_each_solver(solvers: Results) -> None:
    steps = axes_of(solvers)["sampling.steps"]
    assert len(steps.contrasts) == 10
    assert steps.contrasts[0].held == "With ddim"
    assert steps.contrasts[0].worse == ("20 steps", "10 steps", "5 steps", "4 steps")
    assert steps.conclusion() == (
        "In all 10 comparisons, never worse outside the intervals: 50 steps."
    )


def test_networks_are_compared_as_wholes_and_setting_by_setting(schedules: Results) -> None:
    axes = axes_of(schedules)
    (whole,) = axes["networks"].contrasts
    assert whole.text() == (
        "With the same sampler: schedule rectified_flow (prediction flow) is lowest, 168.0 [159.6, "
        "176.4]; schedule cosine, schedule edm (prediction edm) and schedule sigmoid cannot be "
        "told from it; schedule linear (zero terminal SNR), schedule linear, schedule "
        "scaled_linear and schedule cosine (prediction eps) are worse outside the intervals."
    )
    (schedule,) = axes["process.schedule"].contrasts
    assert (schedule.best, schedule.noise) == ("cosine", ("sigmoid",))
    assert schedule.worse == ("linear", "scaled_linear")
    (terminal,) = axes["process.zero_terminal_snr"].contrasts
    assert terminal.held == "With schedule linear, prediction v"
    assert terminal.noise == ("no zero terminal SNR",)


def test_the_variational_bound_ranks_networks_once_each(schedules: Results) -> None:
    axis = axes_of(schedules)["networks by their variational bound in bits per dimension"]
    (contrast,) = axis.contrasts
    assert contrast.best == "schedule edm (prediction edm)"
    assert contrast.text().startswith("On the holdout: schedule edm (prediction edm) is lowest")
    assert len(contrast.cells) == 8


def test_one_swept_setting_holds_all_else_equal(cell: Callable[..., Cell]) -> None:
    cells = [cell({"process.schedule": name}, value) for name, value in (("a", 100), ("b", 200))]
    (axis,) = along_axes(cells, "fd_x")
    assert axis.contrasts[0].text().startswith("All else equal: a is lowest")


def test_a_single_cell_has_no_axes(cell: Callable[..., Cell]) -> None:
    assert along_axes([cell({}, 1.0)], "fd_x") == []
