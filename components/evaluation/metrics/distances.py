"""Squared Euclidean distances between sets of features, tile by tile in float64."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.figures.statistics.intervals import Floats, Rows

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

    rows: Rows
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
    other = x if y is None else y
    about = other.mean(axis=0, dtype=np.float64)
    bundles = list(_bundles(groups if groups is not None else [np.arange(len(other))]))
    if y is None:
        yield from _tiles_within(x, about, bundles, same)
        return
    for block in row_blocks(len(x)):
        rows, first = np.arange(len(x))[block], _Side.of(x[block], about)
        for bundle in bundles:
            squared = _squared(first, _Side.of(y[_rows_of(bundle)], about), same)
            yield from _cut(rows, bundle, squared)


def _tiles_within(
    x: Features, about: Floats, bundles: Sequence["_Bundle"], same: float
) -> Iterator[Tile]:
    """All pairs of one set: what lies on one side of the diagonal is turned for the other."""
    for number, bundle in enumerate(bundles):
        rows = _rows_of(bundle)
        first = _Side.of(x[rows], about)
        squared = _squared(first, first, same)
        np.fill_diagonal(squared, np.inf)
        yield from _cut(rows, bundle, squared)
        for later in bundles[number + 1 :]:
            columns = _rows_of(later)
            squared = _squared(first, _Side.of(x[columns], about), same)
            yield from _cut(rows, later, squared)
            yield from _cut(columns, bundle, squared.T)


@dataclass(frozen=True)
class _Side:
    """Rows about a point (n, d), and their squared lengths (n,)."""

    centred: Floats
    lengths: Floats

    @classmethod
    def of(cls, features: Features, about: Floats) -> "_Side":
        centred = features - about
        return cls(centred, np.einsum("nd,nd->n", centred, centred))


def _squared(first: _Side, second: _Side, same: float) -> Floats:
    lengths = first.lengths[:, None] + second.lengths
    squared: Floats = first.centred @ second.centred.T
    squared *= -2.0
    squared += lengths
    lengths *= same
    squared[squared < lengths] = 0.0
    return squared


def _cut(rows: Rows, bundle: "_Bundle", squared: Floats) -> Iterator[Tile]:
    """The tiles of some rows and a bundle of columns: one for each of its pieces."""
    start = 0
    for group, columns in bundle:
        yield Tile(rows, group, columns, squared[:, start : (start := start + len(columns))])


_Bundle = list[tuple[int, Rows]]


def _rows_of(bundle: _Bundle) -> Rows:
    return np.concatenate([rows for _, rows in bundle])


def _bundles(groups: Sequence[Rows]) -> Iterator[_Bundle]:
    """Pieces that are multiplied at once: a matrix product of few columns is slow."""
    bundle: _Bundle = []
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
