"""The mean and the scatter of a set of features, from blocks and shards that merge exactly."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.figures.statistics.intervals import Floats, Rows

ROWS_A_BLOCK = 2048


@dataclass(frozen=True)
class Moments:
    """What a Fréchet distance needs to know of a set, in float64.

    Attributes:
        n: rows seen.
        mean: (d,).
        scatter: (d, d) sum over the rows of (x - mean)(x - mean)ᵀ.
    """

    n: int
    mean: Floats
    scatter: Floats

    @property
    def covariance(self) -> Floats:
        """(d, d) over n - 1.

        Raises:
            AlphabarError: there are fewer than two rows.
        """
        if self.n < 2:
            raise AlphabarError(
                f"the statistics of {self.n} images have no covariance", "give at least 2 images"
            )
        return self.scatter / (self.n - 1)

    def merged(self, other: "Moments") -> "Moments":
        """The moments of both sets as one (Chan, Golub and LeVeque, 1983, equations 2.1).

        Raises:
            AlphabarError: the dimensions differ.
        """
        if self.mean.shape != other.mean.shape:
            raise AlphabarError(
                f"statistics of {len(self.mean)} and {len(other.mean)} numbers cannot be merged",
                "take all shards' features with the same extractor",
            )
        n = self.n + other.n
        if n == 0:
            return self
        apart = other.mean - self.mean
        scatter = np.outer(apart, apart * (self.n * other.n / n))
        scatter += self.scatter
        scatter += other.scatter
        return Moments(n, self.mean + apart * (other.n / n), scatter)

    @classmethod
    def none(cls, d: int) -> "Moments":
        """Those of no rows of ``d`` numbers."""
        return cls(0, np.zeros(d), np.zeros((d, d)))

    def packed(self) -> Floats:
        """(d + 1, d + 1) n in the corner, the mean beside it, the scatter below."""
        packed = np.zeros((len(self.mean) + 1,) * 2)
        packed[0, 0], packed[0, 1:], packed[1:, 1:] = self.n, self.mean, self.scatter
        return packed

    @classmethod
    def unpacked(cls, packed: Floats) -> "Moments":
        """The inverse of `packed`."""
        return cls(int(packed[0, 0]), packed[0, 1:], packed[1:, 1:])


def moments_of(features: Features, rows: Rows | None = None) -> Moments:
    """The moments of features (n, d), block by block: d² numbers and one block of memory.

    Each block is merged by Chan's update, as one more row of the block's product.

    Args:
        rows: which rows to take; None takes all.
    """
    n, d = features.shape
    seen, mean, scatter = 0, np.zeros(d), np.zeros((d, d))
    for start in range(0, n if rows is None else len(rows), ROWS_A_BLOCK):
        part = slice(start, start + ROWS_A_BLOCK)
        taken = features[part] if rows is None else features[rows[part]]
        new = taken.mean(axis=0, dtype=np.float64)
        apart = new - mean
        block = np.empty((len(taken) + 1, d))
        np.subtract(taken, new, out=block[:-1])
        block[-1] = apart * (seen * len(taken) / (seen + len(taken))) ** 0.5
        scatter += block.T @ block
        seen += len(taken)
        mean += apart * (len(taken) / seen)
    return Moments(seen, mean, scatter)


def merge_moments(shards: Iterable[Moments]) -> Moments:
    """All shards' moments as one, whatever their order.

    Raises:
        AlphabarError: there is no shard, or the dimensions differ.
    """
    merged: Moments | None = None
    for shard in shards:
        merged = shard if merged is None else merged.merged(shard)
    if merged is None:
        raise AlphabarError("there are no statistics to merge", "give at least one shard")
    return merged
