"""Squared Euclidean distances between sets of features, tile by tile in float64."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.features import Features
from components.evaluation.intervals import Floats, Rows

Mask = NDArray[np.bool_]

ROUNDING = 1e-12
"""Squared distances below this part of the squared lengths are rounding of a difference of 0."""

_TIE = 1e-9
"""Squared distances closer than this, relative to their size, are equal."""

_HEIGHT, _WIDTH = 1024, 256
"""A tile's sides: what fits a processor's cache."""

_TOGETHER = 1024
"""Columns multiplied at once, and so all that is held of an (n, m) matrix."""


@dataclass(frozen=True)
class Tile:
    """Squared distances of some rows of one set to some of another.

    Attributes:
        rows: those of the first set.
        group: which group of the second set the columns are of.
        columns: rows of the second set.
        squared: (rows, columns) squared distances.
    """

    rows: slice
    group: int
    columns: Rows
    squared: Floats


def row_blocks(n: int) -> Iterator[slice]:
    """Slices of rows 0 … n-1, each one tile high."""
    for start in range(0, n, _HEIGHT):
        yield slice(start, min(start + _HEIGHT, n))


def column_pieces(groups: Sequence[Rows]) -> Iterator[tuple[int, Rows]]:
    """Each group's number and rows; a group wider than a tile comes in several pieces."""
    for number, rows in enumerate(groups):
        for start in range(0, len(rows), _WIDTH):
            yield number, rows[start : start + _WIDTH]


def distance_tiles(
    x: Features,
    y: Features | None,
    groups: Sequence[Rows] | None = None,
    same: float = ROUNDING,
) -> Iterator[Tile]:
    """|x - y|² of all pairs, by |x|² + |y|² - 2 x·y about the mean of y.

    Args:
        x: (n, d).
        y: (m, d); None for x itself, where each row is infinitely far from itself.
        groups: rows of y that share a tile; without them all may.
        same: squared distances below this part of |x|² + |y|² are set to 0, so that equal rows
            are at 0 and not at what rounding leaves of it.
    """
    within, y = y is None, x if y is None else y
    about = y.mean(axis=0, dtype=np.float64)
    groups = groups if groups is not None else [np.arange(len(y))]
    for rows in row_blocks(len(x)):
        first = x[rows] - about
        first_lengths = np.einsum("nd,nd->n", first, first)[:, None]
        for pieces in _bundles(groups):
            bundle = np.concatenate([columns for _, columns in pieces])
            second = y[bundle] - about
            lengths = first_lengths + np.einsum("nd,nd->n", second, second)
            squared = first @ second.T
            squared *= -2.0
            squared += lengths
            lengths *= same
            squared[squared < lengths] = 0.0
            if within:
                here = np.flatnonzero((bundle >= rows.start) & (bundle < rows.stop))
                squared[bundle[here] - rows.start, here] = np.inf
            start = 0
            for group, columns in pieces:
                yield Tile(
                    rows, group, columns, squared[:, start : (start := start + len(columns))]
                )


def _bundles(groups: Sequence[Rows]) -> Iterator[list[tuple[int, Rows]]]:
    """Pieces that are multiplied at once: a matrix product of few columns is slow."""
    bundle: list[tuple[int, Rows]] = []
    for piece in column_pieces(groups):
        if bundle and sum(len(rows) for _, rows in [*bundle, piece]) > _TOGETHER:
            yield bundle
            bundle = []
        bundle.append(piece)
    if bundle:
        yield bundle


def closer(squared: Floats, than: Floats) -> Mask:
    """Whether squared distances are below others; a difference within rounding is a tie."""
    below: Mask = squared < than * (1.0 - _TIE)
    return below


def unit_rows(features: Features) -> Floats:
    """Rows (n, d) at length 1, in float64. Raises AlphabarError when a row is nought."""
    rows = features.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise AlphabarError(
            f"{int((lengths == 0).sum())} of {len(rows)} embeddings are nought and point nowhere",
            "look at their images, and at the network that embedded them",
        )
    unit: Floats = rows / lengths
    return unit
