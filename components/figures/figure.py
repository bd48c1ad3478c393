"""A measured figure: value, interval, protocol, and what each image adds; ready to print."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from components.figures.protocol import COMPARED, CONFIDENCE, Protocol
from components.figures.statistics.measured import Measured
from components.spec.keys import digest
from components.spec.metric_family import Direction
from components.spec.metrics import (
    METRICS,
    PUBLISHED,
    RANKING,
    family_of,
    judge_of,
    lower_is_better,
)

OF_NETWORKS = tuple(name for name, family in METRICS.own.items() if not family.of_samples)
"""Figures of a network, whatever its sampler: the same in all of its cells."""
ROUNDING = 1e-12
"""Values as small as this are what sums of equal numbers leave of 0."""


@dataclass(frozen=True, eq=False)
class Origins:
    """What each image of a set was made from: image k of two sets pairs where both are the same.

    Attributes:
        seeds: (n,) the seed of each image.
        prompts: a digest of what each image was asked to be.
    """

    seeds: NDArray[np.int64]
    prompts: str

    @classmethod
    def of(
        cls, seeds: NDArray[np.int64], classes: NDArray[np.int64], captions: Sequence[str]
    ) -> Self:
        """The origins of n images from their seeds, classes (-1 for none) and captions."""
        return cls(seeds, digest([classes.tolist(), list(captions)]))


@dataclass(frozen=True, eq=False)
class Figure:
    """One metric of one set of images.

    Attributes:
        metric: its plain name, such as ``fd_efficientnet_lite0``; of a group, ``NAME/GROUP``.
        measured: the estimate with its interval, in the metric's unit, and what each image adds.
        protocol: how it was measured.
        origins: what its images were made from; None where that is not known.
        remark: what must stand beside it, such as ``n 500`` (`components.figures.floors`).
    """

    metric: str
    measured: Measured
    protocol: Protocol
    origins: Origins | None = None
    remark: str = ""

    @property
    def value(self) -> float:
        return self.measured.estimate.value

    @property
    def low(self) -> float:
        return self.measured.estimate.low

    @property
    def high(self) -> float:
        return self.measured.estimate.high

    @property
    def confidence(self) -> float:
        """The level of its interval."""
        return self.measured.estimate.confidence

    @property
    def finite(self) -> bool:
        """Whether value and interval are numbers."""
        return all(map(math.isfinite, (self.value, self.low, self.high)))

    @property
    def compared(self) -> dict[str, Any]:
        """What another figure must share to be comparable with this one; None for nothing."""
        parts = {name: getattr(self.protocol, name, None) for name in COMPARED}
        return {name: value or None for name, value in parts.items()} | {
            CONFIDENCE: self.confidence
        }

    def text(self) -> str:
        """``value [low, high]`` with as many digits as the interval supports."""
        return f"{self.short()} {self.interval()}"

    def compact(self) -> str:
        """``value ±half``, the half width that holds the whole interval; no unit.

        A share has its interval as ``[low, high]``, which is not symmetric.
        """
        half = max(self.high - self.value, self.value - self.low, 0.0)
        decimals = self.decimals()
        if self.unit:
            return f"{plain(self.scale * self.value, decimals)} {self.interval()}"
        return f"{plain(self.scale * self.value, decimals)} ±{self.scale * half:.{decimals}f}"

    def short(self) -> str:
        """The value alone, with the digits of `text`."""
        return f"{plain(self.scale * self.value, self.decimals())}{self.unit}"

    def interval(self) -> str:
        """``[low, high]``, with the digits of `text`."""
        low, high = (plain(self.scale * end, self.decimals()) for end in (self.low, self.high))
        return f"[{low}, {high}]"

    @property
    def scale(self) -> float:
        return scale_of(self.metric)

    @property
    def unit(self) -> str:
        return unit_of(self.metric)

    def decimals(self) -> int:
        """Two significant digits of the interval's half width; at most 7 decimals."""
        return decimals_of(self.scale * (self.high - self.low) / 2, self.scale * self.value)


def plain(number: float, decimals: int, sign: str = "") -> str:
    """``number`` with so many decimals; a zero has no minus.

    Args:
        sign: ``+`` to write that of positive numbers too, and of zeros.
    """
    rounded = round(number, decimals) if math.isfinite(number) else number
    return f"{rounded + 0.0:{sign}.{decimals}f}"


def decimals_of(half: float, value: float) -> int:
    """Decimals for two significant digits of ``half``, or of a hundredth of ``value`` without.

    What is below `ROUNDING` is 0: the order of a sum can leave as much.
    """
    if not half > ROUNDING:
        half = abs(value) / 100 if abs(value) > ROUNDING else 1.0
    return min(7, max(0, 1 - math.floor(math.log10(half))))


def readable(metric: str) -> str:
    """The metric's name in words: ``fd_x`` is ``Fréchet distance (x)``."""
    family, judge = family_of(metric), judge_of(metric)
    if family is None:
        return metric
    return f"{METRICS[family].words} ({judge})" if judge else METRICS[family].words


def scale_of(metric: str) -> float:
    """What its values are multiplied by to be shown: 100 for shares."""
    return 100.0 if unit_of(metric) else 1.0


def unit_of(metric: str) -> str:
    """What stands behind its values."""
    family = family_of(metric)
    return f" {METRICS[family].unit}".rstrip() if family else ""


def direction(metric: str) -> Direction:
    """Which way is better; ``neither`` too for a figure that nobody knows: it ranks nothing."""
    family = family_of(metric)
    return METRICS[family].better if family else "neither"


def sign(metric: str) -> int:
    """1 where low values are good, -1 where high ones are.

    Raises:
        AlphabarError: the metric has no known direction.
    """
    return 1 if lower_is_better(metric) else -1


def sampled(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """The figures of samples, without those of the network alone."""
    return {name: f for name, f in figures.items() if family_of(name) not in OF_NETWORKS}


def first_of(figures: Mapping[str, Figure], *families: str) -> str | None:
    """The first metric, by name, of the first of ``families`` that has one."""
    found = ((family, name) for family in families for name in sorted(figures))
    return next((name for family, name in found if family_of(name) == family), None)


def main_metric(figures: Mapping[str, Figure]) -> str | None:
    """The distance that ranks cells: FID or a Fréchet distance."""
    return first_of(figures, PUBLISHED[RANKING], RANKING)
