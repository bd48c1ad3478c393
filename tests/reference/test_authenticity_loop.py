"""Authenticity and the neighbour ratio against loops, and the interval against the truth."""

import numpy as np
import pytest

from components.evaluation.metrics.authenticity import authenticity, neighbour_ratio
from components.evaluation.metrics.training_neighbours import training_gaps, training_neighbours


def looped(generated: np.ndarray, training: np.ndarray) -> tuple[float, list[float]]:
    """AuthPct as dgm-eval defines it, and the ratios, one image at a time."""
    authentic, ratios = 0, []
    for x in generated:
        apart = [float(np.linalg.norm(x - t)) for t in training]
        nearest = min(range(len(training)), key=apart.__getitem__)
        own = min(
            float(np.linalg.norm(training[nearest] - t))
            for row, t in enumerate(training)
            if row != nearest
        )
        authentic += own < apart[nearest]
        ratios.append(apart[nearest] / own)
    return 100.0 * authentic / len(generated), ratios


@pytest.mark.parametrize(("n", "m", "d"), [(40, 60, 3), (80, 50, 30)])
def test_it_is_the_loop(n: int, m: int, d: int) -> None:
    generator = np.random.default_rng(n)
    training = generator.normal(size=(m, d))
    close = training[:10] + 0.1 * generator.normal(size=(10, d))
    generated = np.concatenate([generator.normal(size=(n - 10, d)), close])
    percent, ratios = looped(generated, training)
    found = training_neighbours(generated, training)
    assert 10 < percent < 90
    assert 100 * authenticity(found, 0.95).estimate.value == pytest.approx(percent, rel=1e-12)
    np.testing.assert_allclose(found.distance / found.gap, ratios, rtol=1e-9)
    ratio = neighbour_ratio(found, 0.95)
    assert ratio.estimate.value == pytest.approx(np.median(ratios), rel=1e-9)


def test_about_nineteen_of_twenty_intervals_hold_what_the_generator_would_reach() -> None:
    generator = np.random.default_rng(0)
    training = generator.normal(size=(120, 4))
    gaps = training_gaps(training)

    def draw(n: int) -> np.ndarray:
        return 1.1 * generator.normal(size=(n, 4))

    truth = training_neighbours(draw(40_000), training, gaps)
    share = authenticity(truth, 0.95).estimate.value
    ratio = neighbour_ratio(truth, 0.95).estimate.value
    found = [training_neighbours(draw(90), training, gaps) for _ in range(300)]
    shares = [authenticity(each, 0.95).estimate for each in found]
    ratios = [neighbour_ratio(each, 0.95).estimate for each in found]
    assert 0.92 <= np.mean([each.low <= share <= each.high for each in shares]) <= 0.99
    assert 0.92 <= np.mean([each.low <= ratio <= each.high for each in ratios]) <= 0.99
