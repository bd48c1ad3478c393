"""Each generated image's nearest training image: what shows a model that copies."""

from dataclasses import dataclass

import numpy as np

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features, check_comparable
from components.evaluation.metrics.distances import Mask, distance_tiles
from components.figures.closest import ClosestPair
from components.figures.statistics.intervals import Floats, Rows

SAME = 1e-4
"""Features that differ by less than this part of their length are those of one image: another
batch moves an image's features by some 1e-6, and the closest digits differ by 0.3."""


@dataclass(frozen=True)
class TrainingGaps:
    """How far training images lie from each other; made once for a training set.

    Attributes:
        gap: (n,) each image's distance to the nearest one that is not the same image.
        duplicated: (n,) whether the same image is in the set again.
    """

    gap: Floats
    duplicated: Mask


@dataclass(frozen=True)
class TrainingNeighbours:
    """Generated images and the training images nearest to them.

    Attributes:
        index: (n,) row of the nearest training image.
        distance: (n,) distance to it; 0 for the same image.
        gap: (n,) that training image's distance to the nearest other one.
        duplicated: (n,) whether it is in the training set more than once.
        mirrored: (n,) whether it is that image's mirrored copy that is nearest.
    """

    index: Rows
    distance: Floats
    gap: Floats
    duplicated: Mask
    mirrored: Mask


def training_gaps(training: Features, *, mirrored: bool = False) -> TrainingGaps:
    """The gaps within a training set (n, d).

    Args:
        mirrored: the second half are the images of the first, mirrored. An image and its own
            mirror image are one drawing, and neither is the other's neighbour or duplicate:
            else the gap would measure how symmetric a drawing is.

    Raises:
        AlphabarError: it has fewer than two different images.
    """
    n = len(training)
    drawing = np.arange(n) % (n // 2) if mirrored else np.arange(n)
    least, duplicated = np.full(n, np.inf), np.zeros(n, np.bool_)
    for tile in distance_tiles(training, None, same=SAME**2):
        if mirrored:
            tile.squared[drawing[tile.rows, None] == drawing[tile.columns]] = np.inf
        again = tile.squared == 0.0
        duplicated[tile.rows] |= again.any(axis=1)
        tile.squared[again] = np.inf
        least[tile.rows] = np.minimum(least[tile.rows], tile.squared.min(axis=1))
        tile.squared[again] = 0.0  # the tile on the other side of the diagonal is the same memory
    if np.isinf(least).any():
        raise AlphabarError(
            f"{n} training images, all the same, leave nothing to compare a distance with",
            "give the training split that the model has learnt from",
        )
    return TrainingGaps(np.sqrt(least), duplicated)


def training_neighbours(
    generated: Features,
    training: Features,
    gaps: TrainingGaps | None = None,
    *,
    mirrored: bool = False,
) -> TrainingNeighbours:
    """The nearest training image of each generated one; of several the first.

    Args:
        generated: (n, d).
        training: (m, d), the images that the model has learnt from.
        gaps: `training_gaps` of them, where they are known already.
        mirrored: the second half are the images of the first, mirrored.

    Raises:
        AlphabarError: a set is too small, or the dimensions differ.
    """
    check_comparable(generated, training, 1)
    gaps = gaps or training_gaps(training, mirrored=mirrored)
    n = len(generated)
    index, least = np.zeros(n, np.intp), np.full(n, np.inf)
    for tile in distance_tiles(generated, training, same=SAME**2):
        place = tile.squared.argmin(axis=1)
        found = tile.squared[np.arange(len(place)), place]
        better = found < least[tile.rows]
        index[tile.rows] = np.where(better, tile.columns[place], index[tile.rows])
        least[tile.rows] = np.where(better, found, least[tile.rows])
    images = len(training) // 2 if mirrored else len(training)
    return TrainingNeighbours(
        index % images,
        np.sqrt(least),
        gaps.gap[index],
        gaps.duplicated[index],
        index >= images,
    )


def closest_pairs(neighbours: TrainingNeighbours, count: int) -> tuple[ClosestPair, ...]:
    """The ``count`` generated images with the lowest ratios, or all, lowest first."""
    ratios = neighbours.distance / neighbours.gap
    return tuple(
        ClosestPair(
            int(row),
            int(neighbours.index[row]),
            float(neighbours.distance[row]),
            float(ratios[row]),
            bool(neighbours.mirrored[row]),
        )
        for row in np.argsort(ratios, kind="stable")[:count]
    )
