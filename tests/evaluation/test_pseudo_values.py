"""What each figure says of single images or groups is what its interval is made of."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from components.evaluation.metrics.authenticity import authenticity, neighbour_ratio
from components.evaluation.metrics.clip_score import clip_cosine_estimate
from components.evaluation.metrics.cmmd import cmmd_estimate
from components.evaluation.metrics.inception_score import inception_score
from components.evaluation.metrics.kernel import kernel_distances, kernel_estimate
from components.evaluation.metrics.overlap import overlap
from components.evaluation.metrics.retrieval import retrieval
from components.evaluation.metrics.training_neighbours import training_neighbours
from components.evaluation.metrics.vendi import vendi_score
from components.figures.statistics.intervals import GROUPS, Estimate, share_interval
from components.figures.statistics.measured import Measured

N = 80  # groups of equal size, so that Welch's degrees of freedom come from the same parts


def features(seed: int, spread: float = 1.0) -> np.ndarray:
    return spread * np.random.default_rng(seed).normal(size=(N, 6)) + 0.3


X, Y = features(0, 1.1), features(1)
PROBABILITIES = np.random.default_rng(2).dirichlet(np.full(6, 0.4), N)

OF_TWO_SETS: dict[str, Callable[[], Measured]] = {
    "kernel": lambda: kernel_estimate(X, Y, 0.95),
    "kernel over subsets": lambda: kernel_distances(X, Y, 0.95, 0, 5, 40).over_subsets.measured,
    "cmmd": lambda: cmmd_estimate(X, Y, 0.95),
}
OF_IMAGES: dict[str, Callable[[], Measured]] = {
    "clip cosine": lambda: clip_cosine_estimate(X, Y, 0.95),
    "inception score": lambda: inception_score(PROBABILITIES, 0.95, 0),
    "vendi": lambda: vendi_score(X, 0.95),
}


def student(of: Measured) -> float:
    """Half the width of Welch's interval from the pseudo-values."""
    sets = [each for each in (of.generated, of.reference) if each is not None]
    parts = [(float(np.var(each, ddof=1)) / len(each), len(each) - 1) for each in sets]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / df for part, df in parts)
    if of.crossed is not None:
        once = variance - float(np.sum(of.crossed**2))
        variance = max(once, min(part for part, _ in parts))
    return float(stats.t.ppf(0.975, freedom) * variance**0.5)


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_the_groups_of_both_sets_give_the_interval(name: str) -> None:
    found = OF_TWO_SETS[name]()
    assert [len(each) for each in (found.generated, found.reference) if each is not None] == [
        GROUPS,
        GROUPS,
    ]
    assert found.estimate.high - found.estimate.value == pytest.approx(student(found), rel=1e-6)


@pytest.mark.parametrize("part", ["precision", "recall", "density", "coverage"])
def test_the_groups_of_an_overlap_lie_about_the_figure(part: str) -> None:
    found: Measured = getattr(overlap(X, Y, 0.95), part)
    # the upper ends of shares stop at 1, and score intervals lean
    below = found.estimate.value - found.estimate.low
    least = 0.0
    if part != "density":  # a share is never surer than that of as many independent images
        n = len(X) if part == "precision" else len(Y)
        plain = share_interval(round(found.estimate.value * n), n, 0.95)
        least = plain.value - plain.low
    assert max(student(found), least) == pytest.approx(below, rel=0.3)
    for each in (found.generated, found.reference):
        assert each is not None
        assert each.mean() == pytest.approx(found.estimate.value, abs=0.25)


@pytest.mark.parametrize("name", OF_IMAGES)
def test_the_images_lie_about_the_figure_and_give_the_interval(name: str) -> None:
    found = OF_IMAGES[name]()
    assert found.reference is None
    assert found.generated is not None
    assert found.generated.mean() == pytest.approx(found.estimate.value)
    # Vendi's ends are powers of e, which lie unevenly about the score
    half = (found.estimate.high - found.estimate.low) / 2
    assert student(found) == pytest.approx(half, rel=0.02)


def test_a_share_s_pseudo_values_say_of_each_image_whether_it_counts() -> None:
    near = training_neighbours(np.array([[0.1], [3.0], [1.0]]), np.array([[0.0], [1.0], [2.5]]))
    assert authenticity(near, 0.95).generated == pytest.approx([0.0, 0.0, 0.0])
    far = training_neighbours(np.array([[9.0], [0.1]]), np.array([[0.0], [1.0], [2.5]]))
    assert authenticity(far, 0.95).generated == pytest.approx([1.0, 0.0])
    points = np.eye(3, dtype=np.float32)
    found = retrieval(points, points, np.array([0, 2, 2]), 0, 0.95)
    assert found.measured.generated == pytest.approx([1.0, 0.0, 1.0])


def test_a_median_has_no_pseudo_values() -> None:
    median = neighbour_ratio(training_neighbours(X, Y), 0.95)
    assert isinstance(median.estimate, Estimate)
    assert median.generated is None
    assert median.reference is None
