"""The plot of schedules and weights: every registered one, with its own numbers."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from components.process.schedules import SCHEDULES
from components.process.weights import LOSS_WEIGHTS
from components.reporting.pictures.canvas import Plot
from components.reporting.pictures.schedule_plot import logsnr_of_schedules, weights_on_eps


def lines(plot: Plot) -> tuple[Axes, dict[str, tuple[np.ndarray, np.ndarray]]]:
    axes = Canvas().subplots()
    plot(axes)
    return axes, {
        str(line.get_label()): (np.asarray(line.get_xdata()), np.asarray(line.get_ydata()))
        for line in axes.lines
    }


def test_every_schedule_but_the_users_table_has_a_falling_line() -> None:
    axes, shown = lines(logsnr_of_schedules())
    assert set(shown) == set(SCHEDULES) - {"table"}
    for t, logsnr in shown.values():
        assert 0 <= t[0] < 0.01
        assert t[-1] == 1
        assert np.all(np.diff(logsnr) < 0)
    t, logsnr = shown["rectified_flow"]
    t, logsnr = t[:-1], logsnr[:-1]  # the last is −∞
    np.testing.assert_allclose(logsnr, 2 * np.log((1 - t) / t), atol=1e-9)
    assert axes.get_ylim() == (-15, 15)


def test_every_weight_has_a_line_with_its_papers_numbers() -> None:
    axes, shown = lines(weights_on_eps())
    assert set(shown) == set(LOSS_WEIGHTS)
    snr = np.exp(shown["uniform"][0])
    assert set(shown["uniform"][1]) == {1.0}
    np.testing.assert_allclose(shown["min_snr"][1], np.minimum(snr, 5) / snr, rtol=1e-9)
    np.testing.assert_allclose(shown["p2"][1], 1 / (1 + snr), rtol=1e-9)
    np.testing.assert_allclose(shown["snr_trunc"][1], np.maximum(snr, 1) / snr, rtol=1e-9)
    assert axes.get_yscale() == "log"


@pytest.mark.parametrize("plot", [logsnr_of_schedules(), weights_on_eps()])
def test_lines_are_told_apart_by_more_than_colour_where_they_lie_on_one_another(plot: Plot) -> None:
    axes, _ = lines(plot)
    markers = [(line.get_marker(), line.get_color()) for line in axes.lines]
    assert len({marker for marker, _ in markers}) == len({c for _, c in markers}) == len(markers)
    first = [line.get_markevery()[0] for line in axes.lines]
    assert len(set(first)) == len(first)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [x.get_label() for x in axes.lines]
