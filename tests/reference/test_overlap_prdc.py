"""Precision, recall, density and coverage against the package prdc and a loop over all pairs."""

import numpy as np
import pytest
from prdc import compute_prdc

from components.evaluation.metrics.overlap import overlap

FIGURES = ("precision", "recall", "density", "coverage")


def ours(generated: np.ndarray, reference: np.ndarray, k: int) -> dict[str, float]:
    found = overlap(generated, reference, 0.95, k)
    return {name: getattr(found, name).estimate.value for name in FIGURES}


def sets(n: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """A third of the generated set lies beside the reference, and a quarter of that elsewhere."""
    generator = np.random.default_rng(n + m + d)
    generated, reference = generator.normal(size=(n, d)) * 0.95, generator.normal(size=(m, d))
    generated[: n // 3] += 25.0 / d**0.5
    reference[: m // 4] -= 25.0 / d**0.5
    return generated, reference


@pytest.mark.parametrize("k", [1, 3, 5, 10])
@pytest.mark.parametrize(("n", "m", "d"), [(60, 45, 3), (300, 500, 8), (700, 400, 64)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_prdc_exactly(n: int, m: int, d: int, k: int, dtype: type) -> None:
    generated, reference = (part.astype(dtype) for part in sets(n, m, d))
    theirs = compute_prdc(reference, generated, nearest_k=k)
    assert ours(generated, reference, k) == theirs
    assert all(0.0 < theirs[name] < 1.0 for name in ("precision", "recall", "coverage"))


def test_it_is_prdc_exactly_where_many_distances_are_equal() -> None:
    """Whole numbers have exact distances, so prdc too finds images on rims outside."""
    generator = np.random.default_rng(0)
    reference = generator.integers(-2, 3, size=(400, 4)).astype(np.float64)
    generated = generator.integers(-2, 4, size=(300, 4)).astype(np.float64)
    assert ours(generated, reference, 5) == compute_prdc(reference, generated, nearest_k=5)


def test_it_is_the_definitions_loop_by_loop() -> None:
    generated, reference = sets(40, 30, 3)
    k = 3

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.sqrt(np.sum((a - b) ** 2)))

    def radius(points: np.ndarray, i: int) -> float:
        return sorted(apart(points[i], p) for j, p in enumerate(points) if j != i)[k - 1]

    of_reference = [radius(reference, i) for i in range(len(reference))]
    of_generated = [radius(generated, j) for j in range(len(generated))]
    balls = [
        sum(apart(x, y) < r for y, r in zip(reference, of_reference, strict=True))
        for x in generated
    ]
    covered = [
        any(apart(x, y) < r for x in generated)
        for y, r in zip(reference, of_reference, strict=True)
    ]
    recalled = [
        any(apart(x, y) < r for x, r in zip(generated, of_generated, strict=True))
        for y in reference
    ]
    assert ours(generated, reference, k) == pytest.approx(
        {
            "precision": np.mean([count > 0 for count in balls]),
            "recall": np.mean(recalled),
            "density": np.mean(balls) / k,
            "coverage": np.mean(covered),
        }
    )
