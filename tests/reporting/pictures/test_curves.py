import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from components.reporting.cells import History
from components.reporting.pictures.curves import averaged, losses, watched
from components.reporting.pictures.illustrations import otherwise


def test_losses_of_one_or_two_steps_are_points_and_more_are_a_line() -> None:
    axes = Figure().subplots()
    histories = [History("one", (1,), (0.5,), {}), History("two", (1, 2), (0.5, 0.4), {})]
    histories.append(History("three", (1, 2, 3), (0.5, 0.4, 0.3), {}))
    losses(histories)(axes)
    one, two, three = axes.get_lines()
    assert one.get_marker() not in ("None", None)
    assert two.get_marker() not in ("None", None)
    assert two.get_linestyle() == "None"
    assert three.get_marker() in ("None", None)
    assert three.get_linestyle() != "None"


def test_averaging_keeps_the_mean_and_the_order() -> None:
    steps, loss = averaged(range(1, 10_001), np.linspace(2, 1, 10_000))
    assert len(steps) == 250
    assert np.all(np.diff(steps) > 0)
    np.testing.assert_allclose(loss.mean(), 1.5)
    assert list(averaged([1, 2, 3], [5.0, 4.0, 3.0])[1]) == [5.0, 4.0, 3.0]


def test_one_evaluation_has_an_interval_that_can_be_seen() -> None:
    axes = Figure().subplots()
    watched([History("one", (1,), (0.5,), {"fd": ((5.0, 20.0, 19.0, 22.0),)})], "fd")(axes)
    (bar,) = [shown for shown in axes.collections if isinstance(shown, LineCollection)]
    (segment,) = bar.get_segments()
    assert segment.tolist() == [[5.0, 19.0], [5.0, 22.0]]


def test_losses_are_logarithmic_where_they_span_more_than_a_few_times() -> None:
    for last, scale in ((0.9, "linear"), (0.1, "log")):
        axes = Figure().subplots()
        losses([History("one", (1, 2), (1.0, last), {})])(axes)
        assert axes.get_yscale() == scale


def test_two_evaluations_are_points_and_the_chart_says_that_they_are_measured_otherwise() -> None:
    rows = ((5.0, 20.0, 19.0, 22.0), (9.0, 12.0, 11.0, 14.0), (12.0, 9.0, 8.0, 10.0))
    axes = Figure().subplots()
    histories = [History(f"{n}", (1,), (0.5,), {"fd": rows[:n]}) for n in (2, 3)]
    look = {"evaluate_samples": 64, "evaluate_steps": 20, "evaluate_guidance": 2.0}
    told = otherwise([look | {"evaluate_size": 32}])
    watched(histories, "fd", otherwise=told)(axes)
    assert [line.get_linestyle() for line in axes.get_lines()] == ["None", "-"]
    assert axes.get_xlabel().splitlines() == [
        "training step",
        "measured otherwise than the results:",
        "64 samples, 20 steps, guidance 2, 32 px",
    ]
    assert otherwise([]) == ""
