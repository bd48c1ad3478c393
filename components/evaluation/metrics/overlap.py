"""Precision, recall, density and coverage: how far two sets of images overlap.

Precision is the share of generated images in a ball of the reference's manifold, recall that of
reference images in one of the generated's (Kynkäänniemi et al., 2019, equation 2).
Density is the mean number of the reference's balls that a generated image is in, over k, and
coverage the share of those balls that hold one (Naeem et al., 2020, section 3).

One pass over the distances between the sets gives them all, each also without any one of the
jackknife's groups: exactly what goes with the images left out, and on average how much farther the
balls of others then reach (`Manifold.step`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features, check_comparable
from components.evaluation.metrics.distances import Mask, closer, distance_tiles
from components.evaluation.metrics.manifold import NEIGHBOURS, Manifold, manifold
from components.figures.statistics.intervals import (
    MINIMUM_IMAGES,
    Estimate,
    Floats,
    Replicates,
    Rows,
    group_sizes,
    pseudo_values,
)
from components.figures.statistics.measured import Measured
from components.figures.statistics.score_intervals import (
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
    `statistics.score_intervals`). In simulations 90 to 100 of 100 at 0.95 held the expected
    figure, at 0.8 to 1.4 times the width that the scatter asks for (more above 0.99, where
    nothing scatters), and 87 to 100 between sets so far apart that precision or recall is 0.1 or
    less. Wilson's interval over images alone takes the balls as given: 31 to 98 of 100 such
    intervals held it.

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
    met = _meet(first, second)
    n, m, k = len(second.features), len(first.features), first.k
    precision = _of_generated(met.generated.shares(second.step), first, second)
    recall = _turned(_of_generated(met.reference.shares(first.step), second, first))
    density = _of_generated(met.generated.counts(second.step), first, second, 1.0 / k)
    coverage = _coverage(met.reached, first, second)
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
class _Inside:
    """In how many balls of the other set each image is, (images, groups) by the group of the ball.

    Attributes:
        own: balls it is in.
        inner, outer: how many neighbours of each group have the balls in whose outer part it is, or
            just outside of which: out of those that reach `Manifold.step` neighbours less far it
            is, or in those that reach as many farther.
    """

    own: Floats
    inner: Floats
    outer: Floats

    @classmethod
    def of(cls, images: int, balls: Manifold) -> "_Inside":
        own, inner, outer = np.zeros((3, images, len(balls.groups)))
        return cls(own, inner, outer)

    def shares(self, step: int) -> Floats:
        """(images, groups + 1) whether it is in a ball: without each group, at last with all.

        An image in no ball may come into one that grows. One in a single ball is as near to being
        in it only since it has grown. In two, it is in whatever one of them does.
        """
        balls = self.own.sum(axis=1, keepdims=True)
        grown = np.where(balls == 0.0, self.outer, np.where(balls == 1.0, self.inner, 0.0))
        without = (balls > self.own) + grown / (2 * step)
        return np.concatenate([without, balls > 0.0], axis=1)

    def counts(self, step: int) -> Floats:
        """(images, groups + 1) in how many balls it is: without each group, at last with all."""
        balls = self.own.sum(axis=1, keepdims=True)
        without = balls - self.own + (self.inner + self.outer) / (2 * step)
        return np.concatenate([without, balls], axis=1)


@dataclass(frozen=True)
class _Met:
    """Who is in whose balls.

    Attributes:
        generated: the generated images in the reference's balls.
        reference: the reference's images in the generated's balls.
        reached: (3, n, generated groups) whether each reference image's ball holds a generated
            image of that group, at each of its radii.
    """

    generated: _Inside
    reference: _Inside
    reached: Mask


def _meet(generated: Manifold, reference: Manifold) -> _Met:
    n, m = len(reference.features), len(generated.features)
    met = _Met(
        _Inside.of(m, reference),
        _Inside.of(n, generated),
        np.zeros((3, n, len(generated.groups)), np.bool_),
    )
    for tile in distance_tiles(reference.features, generated.features, generated.groups):
        held = _count(met.generated, tile.columns, tile.squared.T, reference, tile.rows)
        for radius, inside in enumerate(held):
            met.reached[radius, tile.rows, tile.group] |= inside.any(axis=0)
        _count(met.reference, tile.rows, tile.squared, generated, tile.columns)
    return met


def _count(
    to: _Inside, images: Rows, squared: Floats, of: Manifold, balls: Rows
) -> tuple[Mask, Mask, Mask]:
    """Adds some images' squared distances to some balls' middles, (images, balls).

    Returns:
        Whether each image is in each ball, at each of its radii.
    """
    smaller, own, larger = (closer(squared, radius) for radius in of.radii[balls].T)
    if larger.any():
        belongs = of.group_of[balls][:, None] == np.arange(len(of.groups))
        to.own[images] += own @ belongs.astype(np.float64)
        members = of.members[balls].astype(np.float64)
        to.inner[images] += (own & ~smaller) @ members
        to.outer[images] += (larger & ~own) @ members
    return smaller, own, larger


def _of_generated(
    each: Floats, generated: Manifold, reference: Manifold, scale: float = 1.0
) -> Jackknifed:
    """A mean over generated images, from (m, reference groups + 1) values."""
    without = scale * _means_without(each, generated.groups)
    return Jackknifed(
        scale * float(each[:, -1].mean()),
        Replicates(without[:, -1], _sizes(generated)),
        Replicates(scale * each[:, :-1].mean(axis=0), _sizes(reference)),
        without[:, :-1],
    )


def _turned(figure: Jackknifed) -> Jackknifed:
    """The figure with what it says of the generated set said of the reference."""
    return Jackknifed(figure.value, figure.reference, figure.generated, figure.both.T)


def _coverage(reached: Mask, generated: Manifold, reference: Manifold) -> Jackknifed:
    """A ball stays covered while any other generated group reaches it."""
    by = reached.sum(axis=2, dtype=np.int64)[:, :, None]
    # (3, n, generated groups + 1), the last with all of them
    smaller, own, larger = np.concatenate([by > reached, by > 0], axis=2).astype(np.float64)
    growth = (larger - smaller).T @ reference.members / (2 * reference.step)
    kept = len(own) - _sizes(reference)
    sums = own.sum(axis=0)[:, None] - np.stack(
        [own[rows].sum(axis=0) for rows in reference.groups], axis=1
    )
    without, means = (sums + growth) / kept, own.mean(axis=0)
    return Jackknifed(
        float(means[-1]),
        Replicates(means[:-1], _sizes(generated)),
        Replicates(without[-1], _sizes(reference)),
        without[:-1],
    )


def _means_without(values: Floats, groups: list[Rows]) -> Floats:
    """(groups, columns) means of the columns of ``values`` without the rows of each group."""
    whole = values.sum(axis=0, dtype=np.float64)
    sums = np.array([whole - values[rows].sum(axis=0, dtype=np.float64) for rows in groups])
    means: Floats = sums / (len(values) - group_sizes(groups))[:, None]
    return means


def _sizes(of: Manifold) -> NDArray[np.int64]:
    return group_sizes(of.groups)
