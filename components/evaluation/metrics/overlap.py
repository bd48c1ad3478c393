"""Precision, recall, density and coverage: how far two sets of images overlap.

Precision is the share of generated images in a ball of the reference's manifold, recall that of
reference images in one of the generated's (Kynkäänniemi et al., 2019, equation 2).
Density is the mean number of the reference's balls that a generated image is in, over k, and
coverage the share of those balls that hold one (Naeem et al., 2020, section 3).

One pass over the distances between the sets gives them all, each also without any one of the
jackknife's groups, exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features, check_comparable
from components.evaluation.metrics.distances import Mask, Tile, closer, distance_tiles
from components.evaluation.metrics.manifold import NEIGHBOURS, Manifold, manifold
from components.evaluation.statistics.intervals import (
    MINIMUM_IMAGES,
    Estimate,
    Floats,
    Replicates,
    Rows,
    group_sizes,
    pseudo_values,
)
from components.evaluation.statistics.measured import Measured
from components.evaluation.statistics.score_intervals import (
    Jackknifed,
    count_of_two_sets,
    share_of_two_sets,
)


@dataclass(frozen=True)
class Overlap:
    """The four figures of a generated set against a reference.

    Their intervals state how far each would move if both sets were drawn again at the same
    sizes; all four depend on the sizes, so compare at equal ones. The variance is a delete-group
    jackknife's over both sets, less what both contain; the ends allow for skewness (see
    `statistics.score_intervals`).
    In simulations 88 to 100 of 100 at 0.95 held the
    expected figure, at 0.8 to 1.6 times the width that the scatter asks for (more above 0.99,
    where nothing scatters), and 83 to 100 between sets so far apart that precision or recall is
    0.06 or less. Wilson's interval over images alone takes the balls as given: 31 to 98 of 100
    such intervals held it.

    Attributes:
        precision, recall, coverage: shares in [0, 1].
        density: 0 and above; 1 on average for two sets from one source.
        k: which neighbour the balls reach to.
    """

    precision: Measured
    recall: Measured
    density: Measured
    coverage: Measured
    k: int


def overlap(
    generated: Manifold | Features,
    reference: Manifold | Features,
    confidence: float,
    k: int = NEIGHBOURS,
) -> Overlap:
    """All four figures with their intervals.

    The values are those of the package prdc; where an image lies on a ball's rim (as copies of
    the reference do) that decides by rounding, and here it is outside.

    Args:
        generated, reference: features (n, d), or the manifolds made of them.
        k: for sets that are given as features.

    Raises:
        AlphabarError: a set is too small for k, or the dimensions or the manifolds' k differ.
    """
    first = generated if isinstance(generated, Manifold) else manifold(generated, k)
    second = reference if isinstance(reference, Manifold) else manifold(reference, k)
    check_comparable(first.features, second.features, MINIMUM_IMAGES)
    if first.k != second.k:
        raise AlphabarError(
            f"balls that reach to neighbours {first.k} and {second.k} cannot be compared",
            "make both manifolds with the same k",
        )
    held = _held(first, second)
    n, m, k = len(second.features), len(first.features), first.k
    precision = _mean_of_generated(held.inside > 0, first, second)
    recall, coverage = _recall(held, first, second), _coverage(held, first, second)
    density = _mean_of_generated(held.inside, first, second, 1.0 / k)
    return Overlap(
        _measured(precision, share_of_two_sets(precision, m, confidence)),
        _measured(recall, share_of_two_sets(recall, n, confidence)),
        _measured(density, count_of_two_sets(density, 1.0 / (k * m), confidence)),
        _measured(coverage, share_of_two_sets(coverage, n, confidence)),
        k,
    )


def _measured(figure: Jackknifed, estimate: Estimate) -> Measured:
    first, second = (
        pseudo_values(figure.value, each) for each in (figure.generated, figure.reference)
    )
    return Measured(estimate, first, second, figure.crossed())


@dataclass(frozen=True)
class _Held:
    """Who is in whose balls. The last entry is about the whole set that makes the balls, the
    others about it without one group.

    Attributes:
        inside: (m, groups + 1) balls of the reference that each generated image is in.
        reached: (n, groups + 1, generated groups) whether each reference image's ball holds a
            generated one of that group.
        recalled: (n, generated groups + 1) whether each reference image is in a generated ball.
    """

    inside: NDArray[np.int64]
    reached: Mask
    recalled: Mask


def _held(generated: Manifold, reference: Manifold) -> _Held:
    n, m = len(reference.features), len(generated.features)
    held = _Held(
        np.zeros((m, len(reference.groups) + 1), np.int64),
        np.zeros((n, len(reference.groups) + 1, len(generated.groups)), np.bool_),
        np.zeros((n, len(generated.groups) + 1), np.bool_),
    )
    for tile in distance_tiles(reference.features, generated.features, generated.groups):
        _count_in_reference(held, tile, reference)
        _mark_recalled(held, tile, generated)
    return held


def _count_in_reference(held: _Held, tile: Tile, reference: Manifold) -> None:
    """Which generated images of the tile are in its reference images' balls.

    A ball only grows as a group is left out, so pairs outside of the largest are out for good.
    """
    radii = reference.radii[tile.rows]
    i, j = np.nonzero(closer(tile.squared, radii.max(axis=1)[:, None]))
    near, ball_of = tile.squared[i, j], reference.group_of[tile.rows][i]
    for left_out in range(len(reference.groups) + 1):
        inside = closer(near, radii[i, left_out]) & (ball_of != left_out)
        balls = tile.rows[i[inside]]
        held.inside[tile.columns, left_out] += np.bincount(j[inside], minlength=len(tile.columns))
        held.reached[balls, left_out, tile.group] = True


def _mark_recalled(held: _Held, tile: Tile, generated: Manifold) -> None:
    """Which reference images of the tile are in its generated images' balls."""
    radii = generated.radii[tile.columns]
    i, j = np.nonzero(closer(tile.squared, radii.max(axis=1)))
    near = tile.squared[i, j]
    for left_out in range(len(generated.groups) + 1):
        if left_out != tile.group:
            inside = closer(near, radii[j, left_out])
            held.recalled[tile.rows[i[inside]], left_out] = True


def _mean_of_generated(
    each: NDArray[np.generic], generated: Manifold, reference: Manifold, scale: float = 1.0
) -> Jackknifed:
    """A mean over generated images, from (m, reference groups + 1) values."""
    without = scale * _means_without(each, generated.groups)
    return Jackknifed(
        scale * float(each[:, -1].mean()),
        Replicates(without[:, -1], _sizes(generated)),
        Replicates(scale * each[:, :-1].mean(axis=0), _sizes(reference)),
        without[:, :-1],
    )


def _recall(held: _Held, generated: Manifold, reference: Manifold) -> Jackknifed:
    """A mean over reference images, from (n, generated groups + 1) values."""
    each = held.recalled
    without = _means_without(each, reference.groups)
    return Jackknifed(
        float(each[:, -1].mean()),
        Replicates(each[:, :-1].mean(axis=0), _sizes(generated)),
        Replicates(without[:, -1], _sizes(reference)),
        without[:, :-1].T,
    )


def _coverage(held: _Held, generated: Manifold, reference: Manifold) -> Jackknifed:
    """A ball stays covered while any other generated group reaches it."""
    by = held.reached.sum(axis=2, dtype=np.int64)
    whole, both = by > 0, []
    for group, rows in enumerate(reference.groups):
        others = by[:, group, None] - held.reached[:, group]
        both.append(np.delete(others, rows, axis=0) > 0)
    others = by[:, -1, None] - held.reached[:, -1]
    kept = [np.delete(whole[:, r], rows).mean() for r, rows in enumerate(reference.groups)]
    return Jackknifed(
        float(whole[:, -1].mean()),
        Replicates((others > 0).mean(axis=0), _sizes(generated)),
        Replicates(np.array(kept), _sizes(reference)),
        np.array([each.mean(axis=0) for each in both]).T,
    )


def _means_without(values: NDArray[np.generic], groups: list[Rows]) -> Floats:
    """(groups, columns) means of the columns of ``values`` without the rows of each group."""
    whole = values.sum(axis=0, dtype=np.float64)
    sums = np.array([whole - values[rows].sum(axis=0, dtype=np.float64) for rows in groups])
    means: Floats = sums / (len(values) - group_sizes(groups))[:, None]
    return means


def _sizes(of: Manifold) -> NDArray[np.int64]:
    return group_sizes(of.groups)
