"""Sums of a kernel over pairs of parts of two sets, tile by tile.

They give the unbiased squared maximum mean discrepancy (Gretton et al., 2012, equation 3) of the
sets, of the sets without each of the jackknife's groups, and of subsets, all from one pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from components.evaluation.features.comparable import Features
from components.figures.statistics.intervals import Floats, Replicates, Rows

Kernel = Callable[[Features, Features], Floats]
"""k of all pairs of rows, in float64: (n, d), (m, d) → (n, m)."""

_ROWS_A_TILE = 768


@dataclass(frozen=True)
class KernelSums:
    """Sums of the kernel over pairs of parts; what is not a group is a subset.

    Attributes:
        n, m: (parts,) rows in the parts of the first and the second set.
        groups: how many of the first parts of either set make it up.
        xx, yy: (parts, parts) sums within a set, without a row's pair with itself.
        xy: (parts, parts) sums between the sets.
    """

    n: Floats
    m: Floats
    groups: tuple[int, int]
    xx: Floats
    yy: Floats
    xy: Floats

    def distance(self) -> float:
        """The distance of the whole sets."""
        n, m = self.groups
        sums = (self.xx[:n, :n].sum(), self.yy[:m, :m].sum(), self.xy[:n, :m].sum())
        return float(_distance(*sums, self.n[:n].sum(), self.m[:m].sum()))

    def replicates(self) -> tuple[Replicates, Replicates]:
        """The distance as each group of the first set, and of the second, is left out."""
        g, h = self.groups
        n, m, each_xx = self.n[:g], self.m[:h], self.xx[:g, :g]
        each_yy, each_xy = self.yy[:h, :h], self.xy[:g, :h]
        xx, yy, xy = each_xx.sum(), each_yy.sum(), each_xy.sum()
        # leaving out a group takes away its row, its column, and adds what was taken twice
        less_x = xx - 2 * each_xx.sum(axis=1) + each_xx.diagonal()
        less_y = yy - 2 * each_yy.sum(axis=1) + each_yy.diagonal()
        first = _distance(less_x, yy, xy - each_xy.sum(axis=1), n.sum() - n, m.sum())
        second = _distance(xx, less_y, xy - each_xy.sum(axis=0), n.sum(), m.sum() - m)
        return Replicates(first, n.astype(np.int64)), Replicates(second, m.astype(np.int64))

    def of_subsets(self) -> Floats:
        """(subsets,) the distance of each subset of the first set to its like of the second."""
        n, m = self.groups
        xx, yy = self.xx.diagonal()[n:], self.yy.diagonal()[m:]
        return _distance(xx, yy, self.xy[n:, m:].diagonal(), self.n[n:], self.m[m:])


def kernel_sums(
    first: Features,
    second: Features,
    groups: tuple[Sequence[Rows], Sequence[Rows]],
    kernel: Kernel,
    subsets: tuple[Sequence[Rows], Sequence[Rows]] = ((), ()),
) -> KernelSums:
    """The sums over groups that make up the sets (n, d), (m, d), and over subsets of them."""
    x = _columns(len(first), [*groups[0], *subsets[0]])
    y = _columns(len(second), [*groups[1], *subsets[1]])
    return KernelSums(
        x.sum(axis=0),
        y.sum(axis=0),
        (len(groups[0]), len(groups[1])),
        _within(first, x, kernel),
        _within(second, y, kernel),
        _between(first, x, second, y, kernel),
    )


def _columns(n: int, parts: Sequence[Rows]) -> Floats:
    """(n, parts) 1 where a row is in a part, 0 elsewhere."""
    columns = np.zeros((n, len(parts)))
    for part, rows in enumerate(parts):
        columns[rows, part] = 1.0
    return columns


def _between(first: Features, x: Floats, second: Features, y: Floats, kernel: Kernel) -> Floats:
    sums = np.zeros((x.shape[1], y.shape[1]))
    for rows in _tiles(len(first)):
        seen = np.zeros((rows.stop - rows.start, y.shape[1]))
        for columns in _tiles(len(second)):
            seen += kernel(first[rows], second[columns]) @ y[columns]
        sums += x[rows].T @ seen
    return sums


def _within(features: Features, parts: Floats, kernel: Kernel) -> Floats:
    """A row's pair with itself left out; the tiles below the diagonal are those above, turned."""
    sums = np.zeros((parts.shape[1],) * 2)
    for rows in _tiles(len(features)):
        own = kernel(features[rows], features[rows])
        np.fill_diagonal(own, 0.0)
        sums += parts[rows].T @ (own @ parts[rows])
        seen = np.zeros((rows.stop - rows.start, len(sums)))
        for columns in _tiles(len(features), rows.stop):
            seen += kernel(features[rows], features[columns]) @ parts[columns]
        above = parts[rows].T @ seen
        sums += above + above.T
    return sums


def _tiles(n: int, start: int = 0) -> list[slice]:
    return [slice(i, min(i + _ROWS_A_TILE, n)) for i in range(start, n, _ROWS_A_TILE)]


def _distance(
    xx: Floats | float,
    yy: Floats | float,
    xy: Floats | float,
    n: Floats | float,
    m: Floats | float,
) -> Floats:
    return np.asarray(xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m))
