"""How often the intervals of precision, recall, density and coverage hold the expected figure."""

from collections.abc import Callable

import numpy as np
import pytest

from components.evaluation.metrics.overlap import overlap
from components.figures.statistics.intervals import Estimate, share_interval

Draw = Callable[[np.random.Generator, int], np.ndarray]
N, M, REPEATS = 100, 80, 120


def gaussian(scale: float, shift: float, d: int = 8) -> Draw:
    return lambda generator, n: generator.normal(size=(n, d)) * scale + shift


def clusters(*shares: float) -> Draw:
    middles = 3 * np.random.default_rng(9).normal(size=(len(shares), 8))

    def draw(generator: np.random.Generator, n: int) -> np.ndarray:
        return middles[generator.choice(len(shares), n, p=shares)] + generator.normal(size=(n, 8))

    return draw


SOURCES = {
    "alike": (gaussian(1.0, 0.0), gaussian(1.0, 0.0)),
    "moved": (gaussian(0.9, 0.4), gaussian(1.0, 0.0)),
    "wide": (gaussian(1.5, 0.0), gaussian(1.0, 0.0)),
    "far": (gaussian(1.0, 1.5), gaussian(1.0, 0.0)),
    "modes dropped": (clusters(0.4, 0.4, 0.2, 0.0), clusters(0.25, 0.25, 0.25, 0.25)),
}


def held(found: list[Estimate]) -> float:
    expected = np.mean([each.value for each in found])
    return float(np.mean([each.low <= expected <= each.high for each in found]))


@pytest.fixture(scope="module", params=SOURCES)
def found(request: pytest.FixtureRequest) -> dict[str, list[Estimate]]:
    generated, reference = SOURCES[request.param]
    generator = np.random.default_rng(3)
    draws = [
        overlap(generated(generator, M), reference(generator, N), 0.95) for _ in range(REPEATS)
    ]
    names = ("precision", "recall", "density", "coverage")
    return {name: [getattr(draw, name).estimate for draw in draws] for name in names}


@pytest.mark.parametrize("name", ["precision", "recall", "density", "coverage"])
def test_at_least_nine_of_ten_intervals_hold_the_expected_figure(
    found: dict[str, list[Estimate]], name: str
) -> None:
    assert held(found[name]) >= 0.9
    # and not by being far too wide for the scatter between draws; next to 1 nothing scatters
    values = [each.value for each in found[name]]
    half = np.mean([(each.high - each.low) / 2 for each in found[name]])
    assert np.mean(values) > 0.99 or half < 1.4 * 1.96 * np.std(values)


def test_wilson_s_interval_over_images_alone_would_hold_it_far_too_seldom() -> None:
    """Why the balls' own scatter is part of the interval."""
    generator, found = np.random.default_rng(3), []
    for _ in range(REPEATS):
        draw = overlap(gaussian(1.5, 0.0)(generator, M), gaussian(1.0, 0.0)(generator, N), 0.95)
        found.append(share_interval(round(draw.coverage.estimate.value * N), N, 0.95))
    assert held(found) < 0.85
