import re
from types import SimpleNamespace
from xml.etree import ElementTree  # noqa: S405 - our own SVG

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from components.reporting import drawing
from components.reporting.cells import History, read_cells
from components.reporting.figures import read_figures
from components.reporting.plots import averaged, losses, over_guidance, trade_off

FD, CLIP = "fd_efficientnet_lite0", "clip_score_domain"


def drawn(draw: drawing.Draw) -> Axes:
    axes = Canvas().subplots()
    draw(axes)
    return axes


def test_the_trade_off_has_a_line_a_network_and_sampler(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    floor = read_figures(report_input.inputs["reference"])[FD]
    axes = drawn(trade_off(cells, floor, FD, CLIP))
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
    axes = drawn(over_guidance(cells[3:6], None, FD))
    segments = axes.containers[0].lines[2][0].get_segments()
    assert [(s[0][1], s[1][1]) for s in segments] == [(163, 175), (147, 159), (250, 262)]


def test_cells_without_the_metric_are_left_out(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    assert drawn(over_guidance(cells, None, "kid")).containers == []


def test_averaging_keeps_the_mean_and_the_order() -> None:
    steps, loss = averaged(range(1, 10_001), np.linspace(2, 1, 10_000))
    assert len(steps) == 250
    assert np.all(np.diff(steps) > 0)
    np.testing.assert_allclose(loss.mean(), 1.5)
    assert list(averaged([1, 2, 3], [5.0, 4.0, 3.0])[1]) == [5.0, 4.0, 3.0]


def test_an_svg_is_the_same_bytes_twice_and_valid() -> None:
    history = History("<b> & a", (1, 2, 3), (3.0, 2.0, 1.0), {})
    one, other = (drawing.svg(losses([history]), "loss", 'a "<label>" & b') for _ in range(2))
    assert one == other
    root = ElementTree.fromstring(one)  # noqa: S314 - our own SVG
    assert root.attrib["aria-label"] == 'a "<label>" & b'
    assert "currentColor" in one
    assert "metadata" not in one
    assert "date" not in one


def test_ids_of_two_plots_in_a_page_do_not_meet() -> None:
    history = History("a", (1, 2, 3), (3.0, 2.0, 1.0), {})
    ids = [
        set(re.findall(r' id="([^"]+)"', drawing.svg(losses([history]), name, "x")))
        for name in ("one", "two")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]
