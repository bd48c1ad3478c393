"""How often a Fréchet distance's intervals hold what they promise: 200 draws of known Gaussians.

`frechet_measured` promises the expected distance at its n; `fd_infinity` the true distance of
the two sources. A nominal 0.95 must hold in 0.90 to 0.99 of the draws.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from components.evaluation.metrics.fd_infinity import fd_infinity
from components.evaluation.metrics.frechet import FrechetReference, frechet_measured, frechet_parts
from components.figures.statistics.intervals import Estimate

REPETITIONS = 200

Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def spectrum(d: int) -> np.ndarray:
    """Standard deviations that fall as those of real features: variances 9, 9/2, 9/3, …"""
    return 3.0 / np.sqrt(1.0 + np.arange(d))


def turn(d: int) -> np.ndarray:
    """A rotation by half a radian in d / 2 planes: covariances that do not commute."""
    cosine, sine, half = np.cos(0.5) * np.eye(d // 2), np.sin(0.5) * np.eye(d // 2), d // 2
    assert d == 2 * half
    return np.block([[cosine, sine], [-sine, cosine]])


def plain(generator: np.random.Generator, n: int, d: int) -> np.ndarray:
    return generator.normal(size=(n, d))


def falling(generator: np.random.Generator, n: int, d: int) -> np.ndarray:
    return generator.normal(size=(n, d)) * spectrum(d)


def shifted(generator: np.random.Generator, n: int, d: int) -> np.ndarray:
    return plain(generator, n, d) + 0.3


def widened(generator: np.random.Generator, n: int, d: int) -> np.ndarray:
    return plain(generator, n, d) * np.linspace(0.7, 1.3, d)


def turned(generator: np.random.Generator, n: int, d: int) -> np.ndarray:
    return falling(generator, n, d) @ turn(d)


def true_distance(generated: Draw, d: int) -> float:
    """By the definition, from the sources' own moments."""
    if generated in (plain, falling):
        return 0.0
    if generated is shifted:
        return d * 0.3**2
    if generated is widened:
        return float(np.sum((np.linspace(0.7, 1.3, d) - 1) ** 2))
    scale = spectrum(d)
    other = turn(d).T @ np.diag(scale**2) @ turn(d)
    product = scale[:, None] * other * scale
    return float(2 * np.sum(scale**2) - 2 * np.sum(np.sqrt(np.linalg.eigvalsh(product))))


Case = tuple[Draw, Draw, int, int, int]
"""Sources of the generated and of the reference images, how many of either, numbers in each."""

CASES: list[Case] = [
    (plain, plain, 500, 500, 16),
    (shifted, plain, 500, 500, 64),
    (widened, plain, 500, 500, 64),
    (turned, falling, 500, 500, 64),
    (falling, falling, 500, 500, 128),
    (turned, falling, 200, 900, 24),
    (plain, plain, 900, 200, 24),
]

MANY_IMAGES: list[Case] = [
    (plain, plain, 2000, 2000, 16),
    (shifted, plain, 2000, 2000, 16),
    (widened, plain, 2000, 2000, 64),
    (turned, falling, 2000, 2000, 64),
    (falling, falling, 2000, 2000, 64),
]

FEWER_IMAGES_THAN_NUMBERS: list[Case] = [
    (plain, plain, 100, 100, 256),
    (turned, falling, 100, 100, 256),
]


def parameters(*cases: Case) -> list[Any]:
    """All of them, named; those of many images are for `make test-all`."""
    marks = {case: [pytest.mark.simulation] for case in MANY_IMAGES}
    return [pytest.param(case, id=named(case), marks=marks.get(case, [])) for case in cases]


def named(case: Case) -> str:
    generated, reference, n, m, d = case
    return f"{generated.__name__}-{reference.__name__}-{n}-{m}-{d}"


@cache
def drawn(case: Case) -> tuple[list[Estimate], list[Estimate]]:
    """The distances and, where there are images enough, the extrapolated distances."""
    generated, reference, n, m, d = case
    generator = np.random.default_rng(1)
    distances, extrapolated = [], []
    for _ in range(REPETITIONS):
        x, y = generated(generator, n, d), reference(generator, m, d)
        parts = frechet_parts(x, y, 0.95)
        distances.append(parts.measured.estimate)
        if min(n, m) > d:
            extrapolated.append(fd_infinity(x, y, 0.95, parts=parts).estimate)
    return distances, extrapolated


def share_held(found: list[Estimate], target: float) -> float:
    return float(np.mean([x.low <= target <= x.high for x in found]))


@pytest.mark.parametrize("case", parameters(*CASES, *MANY_IMAGES, *FEWER_IMAGES_THAN_NUMBERS))
def test_the_interval_holds_the_expected_distance_at_this_n(case: Case) -> None:
    found, _ = drawn(case)
    values = np.array([x.value for x in found])
    assert 0.90 <= share_held(found, float(values.mean())) <= 0.99
    half = np.mean([x.high - x.value for x in found])
    assert 0.8 < half / (1.96 * values.std(ddof=1)) < 1.3


@pytest.mark.parametrize("case", parameters(*CASES, *MANY_IMAGES))
def test_the_extrapolated_interval_holds_the_true_distance(case: Case) -> None:
    _, found = drawn(case)
    assert 0.90 <= share_held(found, true_distance(case[0], case[4])) <= 0.99


def paired_draws(worse: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Differences of two cells of the same seeds and reference, and two standard errors each.

    The second cell's images are the first's, scaled a little and with noise of their own.
    """
    generator = np.random.default_rng(3)
    differences, paired, apart = [], [], []
    for _ in range(REPETITIONS):
        reference = FrechetReference(falling(generator, 400, 24))
        first = shifted(generator, 400, 24)
        second = first * worse + 0.1 * plain(generator, 400, 24)
        one, other = (frechet_measured(x, reference, 0.95) for x in (first, second))
        differences.append(other.estimate.value - one.estimate.value)
        parts = [(other.generated, one.generated), (other.reference, one.reference)]
        paired.append(sum((a - b).var(ddof=1) / 400 for a, b in parts))
        apart.append(sum(a.var(ddof=1) / 400 + b.var(ddof=1) / 400 for a, b in parts))
    return np.array(differences), np.sqrt(paired), np.sqrt(apart)


@pytest.mark.parametrize("worse", [1.0, 1.05])
def test_differences_of_cells_that_share_seeds_are_held_by_their_paired_interval(
    worse: float,
) -> None:
    differences, paired, apart = paired_draws(worse)
    held = np.abs(differences - differences.mean()) <= 1.96 * paired
    assert 0.90 <= held.mean() <= 0.99
    # and pairing pays: unpaired, the interval would be several times as wide
    assert paired.mean() < 0.35 * apart.mean()
