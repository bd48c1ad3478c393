"""What differences, their p-values and Holm's correction promise, counted over many sweeps."""

from itertools import chain, combinations

import numpy as np
import pytest

from components.evaluation.metrics.kernel import kernel_estimate
from components.evaluation.metrics.overlap import overlap
from components.figures.statistics.measured import Measured
from components.figures.statistics.paired import Difference, against_best, difference, holm
from components.figures.statistics.per_image import mean_of_images

N, REPEATS = 80, 120


def pair(generator: np.random.Generator, apart: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two cells from the same seeds, correlated by 0.9, and the reference of both."""
    common = generator.normal(size=(N, 6))
    a, b = (0.95 * common + 0.31 * generator.normal(size=(N, 6)) + 0.3 for _ in range(2))
    return a, b + apart, generator.normal(size=(N, 6))


def kd(x: np.ndarray, y: np.ndarray) -> Measured:
    return kernel_estimate(x, y, 0.95)


def recall(x: np.ndarray, y: np.ndarray) -> Measured:
    return overlap(x, y, 0.95).recall


def mean(x: np.ndarray, y: np.ndarray) -> Measured:
    return mean_of_images(x[:, 0], 0.95)


FIGURES = {"kernel distance": kd, "mean over images": mean}


@pytest.fixture(scope="module", params=FIGURES)
def found(request: pytest.FixtureRequest) -> list[tuple[Difference, Difference]]:
    """Paired and unpaired differences of cells that are equally good."""
    generator, figure, each = np.random.default_rng(2), FIGURES[request.param], []
    for _ in range(REPEATS):
        x, y, reference = pair(generator, 0.0)
        a, b = figure(x, reference), figure(y, reference)
        each.append(
            (
                difference(a, b, 0.95, same_seeds=True),
                difference(a, b, 0.95, same_seeds=False, same_reference=False),
            )
        )
    return each


def test_a_paired_difference_of_equal_cells_is_called_real_in_about_one_of_twenty(
    found: list[tuple[Difference, Difference]],
) -> None:
    alarms = np.mean([paired.p_value < 0.05 for paired, _ in found])
    assert 0.005 <= alarms <= 0.09
    outside = [not paired.low <= 0.0 <= paired.high for paired, _ in found]
    assert np.mean(outside) == alarms  # interval and p-value tell the same


def test_pairing_makes_the_interval_much_narrower(
    found: list[tuple[Difference, Difference]],
) -> None:
    paired, unpaired = (np.mean([each[k].high - each[k].low for each in found]) for k in (0, 1))
    assert paired < 0.75 * unpaired
    scatter = 2 * 1.96 * np.std([each[0].value for each in found])
    assert 0.85 * scatter < paired < 1.5 * scatter


def test_shares_that_hang_on_neighbours_are_on_the_safe_side() -> None:
    """A jackknife is too wide for recall (test_overlap_intervals.py): pairing gains less there."""
    generator, found = np.random.default_rng(2), []
    for _ in range(50):
        x, y, reference = pair(generator, 0.0)
        a, b = recall(x, reference), recall(y, reference)
        found.append([difference(a, b, 0.95, same_seeds=same) for same in (True, False)])
    assert sum(paired.p_value < 0.05 for paired, _ in found) <= 4
    paired, unpaired = (np.mean([each[k].high - each[k].low for each in found]) for k in (0, 1))
    assert paired < 0.95 * unpaired


def test_pairing_finds_a_difference_that_unpaired_figures_hide() -> None:
    generator, caught = np.random.default_rng(3), {True: 0, False: 0}
    for _ in range(60):
        x, y, reference = pair(generator, 0.12)
        a, b = kd(x, reference), kd(y, reference)
        for same in caught:
            told = difference(a, b, 0.95, same_seeds=same, same_reference=same)
            caught[same] += told.p_value < 0.05
    assert caught[True] > 40
    assert caught[False] < 20


@pytest.mark.parametrize("seed", range(6))
def test_holm_is_the_closed_test_of_bonferroni_s(seed: int) -> None:
    """A claim's adjusted p-value is the largest Bonferroni p-value of the sets that hold it
    (Marcus, Peritz and Gabriel, 1976)."""
    p = np.random.default_rng(seed).uniform(0, 0.3, size=6).round(2).tolist()
    rows = range(len(p))
    sets = list(chain.from_iterable(combinations(rows, r) for r in range(1, len(p) + 1)))
    closed = [
        max(min(1.0, len(s) * min(p[j] for j in s)) for s in sets if row in s) for row in rows
    ]
    assert holm(p) == pytest.approx(closed)


def sweep(generator: np.random.Generator, shifts: np.ndarray) -> dict[str, Measured]:
    common = generator.normal(size=60)
    return {
        str(k): mean_of_images(common + 0.5 * generator.normal(size=60) + shift, 0.95)
        for k, shift in enumerate(shifts)
    }


def test_in_nineteen_of_twenty_sweeps_no_cell_is_called_worse_than_an_equal_best() -> None:
    """Holm over the tests against the chosen best alone claims it in one of ten."""
    generator, all_pairs, best_only = np.random.default_rng(4), 0, 0
    for _ in range(600):
        found = against_best(sweep(generator, np.zeros(6)), True, 0.95, same_seeds=True)
        all_pairs += any(not each.within_noise for each in found.values())
        p = [each.difference.p_value for each in found.values() if each.difference.value != 0.0]
        best_only += min(holm(p)) <= 0.05
    assert all_pairs <= 0.06 * 600
    assert best_only > 0.07 * 600


def test_holm_keeps_the_error_where_some_cells_do_differ_and_finds_those() -> None:
    generator, false, right = np.random.default_rng(5), 0, 0
    shifts = np.array([0.0, 0.0, 0.0, 0.0, 0.5, 0.5])
    for _ in range(400):
        found = against_best(sweep(generator, shifts), True, 0.95, same_seeds=True)
        false += any(not found[str(k)].within_noise for k in range(4))
        right += not found["4"].within_noise
    assert false <= 0.06 * 400
    assert right > 0.9 * 400
