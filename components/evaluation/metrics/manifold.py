"""The manifold of a set of images: balls that reach to each image's k-th nearest neighbour.

Kynkäänniemi et al., 2019, section 2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.evaluation.metrics.distances import distance_tiles
from components.figures.statistics.intervals import MINIMUM_IMAGES, Floats, Rows, split_groups

Counts = NDArray[np.int64]

NEIGHBOURS = 5
"""k of dgm-eval and of Naeem et al.; torch-fidelity and Kynkäänniemi et al. use 3: record it."""


@dataclass(frozen=True)
class Manifold:
    """Balls round a set's images. A reference's can be kept and used for many generated sets.

    Attributes:
        features: (n, d).
        k: which neighbour the balls reach to.
        groups: rows of each of the jackknife's groups.
        group_of: (n,) each row's group.
        radii: (n, 3) squared radii that reach to neighbour k - `step`, k and k + `step`.
        members: (n, groups) how many of the k nearest neighbours are of each group; 0 for the
            image's own, with which its ball goes.
    """

    features: Features
    k: int
    groups: list[Rows]
    group_of: Rows
    radii: Floats
    members: Counts

    @property
    def step(self) -> int:
        """Half of k: over so many neighbours either way a ball's growth is averaged.

        Without one of its k neighbours a ball reaches to the next. How much that adds is as
        random as the gap between two neighbours is, and a jackknife that takes the gap as it is
        counts its scatter once for each neighbour: variances of 1.2 to 1.7 times the true one.
        The mean growth over several neighbours is the derivative that an infinitesimal jackknife
        asks for (Efron, 1982, chapter 6).
        """
        return step_of(self.k)


def step_of(k: int) -> int:
    """`Manifold.step`."""
    return max(1, k // 2)


def manifold(features: Features, k: int = NEIGHBOURS) -> Manifold:
    """The balls round a set's images, from all distances within it, tile by tile.

    Args:
        features: (n, d).

    Raises:
        AlphabarError: k is below 1, or n too small for it.
    """
    n, least = len(features), max(2 * (k + 1), MINIMUM_IMAGES)
    if k < 1 or n < least:
        raise AlphabarError(
            f"balls that reach to neighbour {k} cannot be drawn round {n} images",
            f"give at least {least} images" if k >= 1 else "give k of 1 or more",
        )
    groups = split_groups(n)
    farthest = k + step_of(k)
    near = np.full((n, farthest), np.inf)
    group_of = np.zeros((n, farthest), np.intp)
    for tile in distance_tiles(features, None, groups):
        rows, before = tile.rows, group_of[tile.rows]
        both = np.concatenate([near[rows], tile.squared], axis=1)
        nearest = np.argpartition(both, farthest - 1, axis=1)[:, :farthest]
        near[rows] = np.take_along_axis(both, nearest, axis=1)
        kept = np.take_along_axis(before, np.minimum(nearest, farthest - 1), axis=1)
        group_of[rows] = np.where(nearest < farthest, kept, tile.group)
    order = np.argsort(near, axis=1)
    near = np.take_along_axis(near, order, axis=1)
    group_of = np.take_along_axis(group_of, order[:, :k], axis=1)
    smaller = near[:, k - step_of(k) - 1] if k > 1 else np.zeros(n)
    radii = np.stack([smaller, near[:, k - 1], near[:, -1]], axis=1)
    return manifold_of(features, k, radii, _members(group_of, groups))


def manifold_of(features: Features, k: int, radii: Floats, members: Counts) -> Manifold:
    """The manifold whose ``radii`` and ``members`` are known already."""
    groups = split_groups(len(features))
    return Manifold(features, k, groups, _numbers(groups), radii, members)


def _members(neighbours: Rows, groups: list[Rows]) -> Counts:
    """(n, groups) from the groups of each row's neighbours (n, k)."""
    n = len(neighbours)
    counts = np.zeros((n, len(groups)), np.int64)
    np.add.at(counts, (np.arange(n)[:, None], neighbours), 1)
    counts[np.arange(n), _numbers(groups)] = 0
    return counts


def _numbers(groups: list[Rows]) -> Rows:
    """Each row's group."""
    group_of = np.empty(sum(map(len, groups)), np.intp)
    for group, rows in enumerate(groups):
        group_of[rows] = group
    return group_of
