import itertools
import re
from xml.etree import ElementTree  # noqa: S405 - our own SVG

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.reporting.cells import History
from components.reporting.pictures import canvas
from components.reporting.pictures.curves import losses

LIGHT, DARK = "#ffffff", "#14171c"  # the page's
SIGHT = {
    # Machado, Oliveira, Fernandes 2009, table 1, severity 1: linear RGB as it is seen
    "all colours": np.eye(3),
    "no red": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def linear(colour: str) -> np.ndarray:
    """Linear RGB of a colour like #3f7fd9."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ np.array([0.2126, 0.7152, 0.0722]))


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB in Ottosson's 2020 space, where distances are as they are seen."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    opponents = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return opponents @ np.cbrt(cones @ rgb)


@pytest.mark.parametrize("page", [LIGHT, DARK])
def test_every_line_stands_out_from_the_page(page: str) -> None:
    for colour in canvas.SERIES:
        low, high = sorted((luminance(colour), luminance(page)))
        assert (high + 0.05) / (low + 0.05) >= 3, colour


@pytest.mark.parametrize(("sight", "apart"), [("all colours", 12), ("no red", 7), ("no green", 7)])
def test_colours_are_apart_for_everyone(sight: str, apart: float) -> None:
    seen = [oklab(np.clip(SIGHT[sight] @ linear(colour), 0, 1)) for colour in canvas.SERIES]
    assert min(100 * np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= apart


def test_twenty_lines_look_different() -> None:
    styles = {tuple(map(str, canvas.line_style(index).values())) for index in range(20)}
    assert len(styles) == 20


def test_a_long_legend_takes_no_room_from_the_plot() -> None:
    def lines(count: int) -> canvas.Plot:
        def plot(axes: Axes) -> None:
            for index in range(count):
                axes.plot([0, 1], [0, index], label=f"line {index}")
            canvas.legend(axes)

        return plot

    def height(svg: str) -> float:
        found = re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', svg)
        assert found
        return float(found[1])

    few, many = (height(canvas.svg(lines(count), "x", "")) for count in (4, 20))
    assert many > few + 80  # points


def test_a_long_name_in_a_legend_is_not_cut_off() -> None:
    name = ",".join(f"setting{i}=value" for i in range(8))

    def plot(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], label=name)
        canvas.legend(axes)

    figure = Figure(figsize=canvas.SIZE, layout="constrained")
    axes = figure.subplots()
    plot(axes)
    figure.draw_without_rendering()
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_window_extent().x1 <= figure.bbox.x1
    assert axes.get_window_extent().width > 0.75 * figure.bbox.width
    assert "".join(legend.get_texts()[0].get_text().split()) == name


def test_an_svg_is_the_same_bytes_twice_and_valid() -> None:
    history = History("<b> & a", (1, 2, 3), (3.0, 2.0, 1.0), {})
    one, other = (canvas.svg(losses([history]), "loss", 'a "<label>" & b') for _ in range(2))
    assert one == other
    root = ElementTree.fromstring(one)  # noqa: S314 - our own SVG
    assert root.attrib["aria-label"] == 'a "<label>" & b'
    assert "currentColor" in one
    assert "metadata" not in one
    assert "date" not in one


def test_ids_of_two_plots_in_a_page_do_not_meet() -> None:
    history = History("a", (1, 2, 3), (3.0, 2.0, 1.0), {})
    ids = [
        set(re.findall(r' id="([^"]+)"', canvas.svg(losses([history]), name, "x")))
        for name in ("one", "two")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]
