"""The manifold of a set of images: balls that reach to each image's k-th nearest neighbour.

Kynkäänniemi et al., 2019, section 2.
"""

from dataclasses import dataclass

import numpy as np

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.evaluation.metrics.distances import distance_tiles
from components.evaluation.statistics.intervals import MINIMUM_IMAGES, Floats, Rows, split_groups

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
        radii: (n, groups + 1) squared radii: in column g among the images without group g, in
            the last among all.
    """

    features: Features
    k: int
    groups: list[Rows]
    group_of: Rows
    radii: Floats


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
    near = np.full((n, len(groups), k), np.inf)
    for tile in distance_tiles(features, None, groups):
        both = np.concatenate([near[tile.rows, tile.group], tile.squared], axis=1)
        near[tile.rows, tile.group] = np.partition(both, k - 1, axis=1)[:, :k]
    return manifold_of(features, k, _radii(near))


def manifold_of(features: Features, k: int, radii: Floats) -> Manifold:
    """The manifold whose squared ``radii`` (n, groups + 1) are known already."""
    groups = split_groups(len(features))
    group_of = np.empty(len(features), np.intp)
    for group, rows in enumerate(groups):
        group_of[rows] = group
    return Manifold(features, k, groups, group_of, radii)


def _radii(near: Floats) -> Floats:
    """Squared radii (n, groups + 1) from the k least squared distances to each group.

    The k nearest without a group are among the 2 k nearest of all.
    """
    n, groups, k = near.shape
    pooled = near.reshape(n, groups * k)
    order = np.argpartition(pooled, 2 * k - 1, axis=1)[:, : 2 * k]
    values, group_of = np.take_along_axis(pooled, order, axis=1), order // k
    radii = np.empty((n, groups + 1))
    for group in range(groups + 1):
        kept = np.where(group_of == group, np.inf, values)
        radii[:, group] = np.partition(kept, k - 1, axis=1)[:, k - 1]
    return radii
