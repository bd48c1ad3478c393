"""Every family of figures that features alone give: one function each, one registry.

A new figure is one function here, one line in `FAMILIES`, one entry in `components.spec.metrics`.
"""

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.evaluation.features.feature_bank import FeatureBank, FeatureSet
from components.evaluation.metrics.authenticity import authenticity, neighbour_ratio
from components.evaluation.metrics.cmmd import cmmd_estimate
from components.evaluation.metrics.fd_infinity import fd_infinity, subset_distances
from components.evaluation.metrics.frechet import FrechetParts, FrechetReference, frechet_parts
from components.evaluation.metrics.inception_score import SPLITS, inception_score_of_blocks
from components.evaluation.metrics.kernel import KernelDistances, kernel_distances, kernel_estimate
from components.evaluation.metrics.manifold import manifold, manifold_of
from components.evaluation.metrics.overlap import Overlap, overlap
from components.evaluation.metrics.training_neighbours import (
    TrainingGaps,
    TrainingNeighbours,
    training_gaps,
    training_neighbours,
)
from components.evaluation.metrics.vendi import vendi_score
from components.evaluation.side_by_side import Work
from components.figures.statistics.intervals import GROUPS, Floats, Rows
from components.figures.statistics.measured import Measured

DRAWS = 0
"""Seed of splits and subsets: alike for all sets, so that cells can be compared in pairs."""


@dataclass(frozen=True)
class View:
    """All sets of a comparison as one extractor sees them.

    Attributes:
        generated: what is judged.
        reference: what it is judged against.
        training: what the model has learnt from, where that is known.
        bank: keeps what follows from features alone.
        confidence: level of every interval.
        neighbours: which neighbour the balls of precision and its kin reach to.
        subsets: whether the kernel distance is wanted over subsets, too.
    """

    generated: FeatureSet
    reference: FeatureSet
    training: FeatureSet | None
    bank: FeatureBank
    confidence: float
    neighbours: int
    subsets: bool = False

    def rows(self, generated: Rows, reference: Rows) -> "View":
        """Some of the images, against some of the reference; without the training images."""
        return View(
            replace(self.generated, values=self.generated.values[generated], key=""),
            replace(self.reference, values=self.reference.values[reference], key=""),
            None,
            self.bank,
            self.confidence,
            self.neighbours,
        )

    @cached_property
    def overlap(self) -> Overlap:
        """Precision, recall, density and coverage: one pass gives all four."""
        real, k = self.reference, self.neighbours
        n = len(real.values)
        shapes = {"radii": (n, 3), "members": (n, min(GROUPS, n))}
        kept = self.bank.derived(real, f"balls-{k}", shapes, lambda: _balls(real.values, k))
        balls = manifold_of(real.values, k, kept["radii"], kept["members"])
        return overlap(self.generated.values, balls, self.confidence, k)

    @cached_property
    def holdout(self) -> FrechetReference:
        """The reference with its statistics, made once."""
        return FrechetReference(self.reference.values)

    @cached_property
    def frechet(self) -> FrechetParts:
        """The Fréchet distance, and what extrapolating it needs."""
        return frechet_parts(self.generated.values, self.holdout, self.confidence)

    @cached_property
    def lesser_frechet(self) -> Floats:
        """The Fréchet distances of subsets, from which it is extrapolated."""
        return subset_distances(self.generated.values, self.reference.values, DRAWS)

    @cached_property
    def kernel_of_subsets(self) -> KernelDistances:
        """The kernel distance over all pairs and over subsets, in one pass."""
        return kernel_distances(
            self.generated.values, self.reference.values, self.confidence, DRAWS
        )

    @cached_property
    def kernel(self) -> Measured:
        """The kernel distance over all pairs."""
        if self.subsets:
            return self.kernel_of_subsets.whole
        return kernel_estimate(self.generated.values, self.reference.values, self.confidence)

    @cached_property
    def inception_score(self) -> Measured | None:
        """The Inception Score of the generated images, where the extractor has classes."""
        seen = self.generated
        blocks = seen.probability_blocks()
        if blocks is None:
            return None
        return inception_score_of_blocks(blocks, len(seen.values), self.confidence, DRAWS)

    @cached_property
    def vendi(self) -> Measured:
        """The Vendi score of the generated images."""
        return vendi_score(self.generated.values, self.confidence)

    @cached_property
    def copies(self) -> TrainingNeighbours | None:
        """Each generated image's nearest training image."""
        seen = self.training
        if seen is None:
            return None
        shapes = {"gap": (len(seen.values),), "duplicated": (len(seen.values),)}
        gaps = self.bank.derived(seen, "gaps", shapes, lambda: asdict(training_gaps(seen.values)))
        return training_neighbours(self.generated.values, seen.values, TrainingGaps(**gaps))


@dataclass(frozen=True)
class Finding:
    """A figure and the part of its protocol that is its own.

    Attributes:
        against: which set it was measured against; ``none`` for figures of one set.
        n_reference: images (or captions) in that set.
        settings: what else two figures must share.
        chance: what a guess would reach.
    """

    measured: Measured
    against: str
    n_reference: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    chance: float | None = None


Family = Callable[[View], Finding | None]
"""None where the figure does not apply: no classes, no training images, no CLIP."""


def _fd(view: View) -> Finding:
    return _to_reference(view, view.frechet.measured)


def _fd_infinity(view: View) -> Finding:
    measured = fd_infinity(
        view.generated.values,
        view.holdout,
        view.confidence,
        DRAWS,
        view.frechet,
        view.lesser_frechet,
    )
    return _to_reference(view, measured, seed=DRAWS)


def _kd(view: View) -> Finding:
    return _to_reference(view, view.kernel)


def _kd_subsets(view: View) -> Finding:
    found = view.kernel_of_subsets.over_subsets
    return _to_reference(view, found.measured, seed=DRAWS, subsets=found.subsets, size=found.size)


def _cmmd(view: View) -> Finding | None:
    if not view.generated.extractor.startswith("clip:"):
        return None
    measured = cmmd_estimate(view.generated.values, view.reference.values, view.confidence)
    return _to_reference(view, measured)


def _balls(features: Features, k: int) -> dict[str, NDArray[np.generic]]:
    balls = manifold(features, k)
    return {"radii": balls.radii, "members": balls.members}


def _overlap(part: str) -> Family:
    def family(view: View) -> Finding:
        measured: Measured = getattr(view.overlap, part)
        return _to_reference(view, measured, k=view.neighbours)

    return family


def _authenticity(view: View) -> Finding | None:
    if view.copies is None:
        return None
    return _to_training(view, authenticity(view.copies, view.confidence))


def _neighbour_ratio(view: View) -> Finding | None:
    if view.copies is None:
        return None
    return _to_training(view, neighbour_ratio(view.copies, view.confidence))


def _inception_score(view: View) -> Finding | None:
    if view.inception_score is None:
        return None
    return Finding(view.inception_score, "none", 0, {"splits": SPLITS, "seed": DRAWS})


def _vendi(view: View) -> Finding:
    return Finding(view.vendi, "none", 0)


def _to_reference(view: View, measured: Measured, **settings: Any) -> Finding:
    return Finding(measured, "reference", len(view.reference.values), settings)


def _to_training(view: View, measured: Measured) -> Finding:
    assert view.training is not None
    return Finding(measured, "training", len(view.training.values))


FAMILIES: dict[str, Family] = {
    "fd": _fd,
    "fd_infinity": _fd_infinity,
    "kd": _kd,
    "kd_subsets": _kd_subsets,
    "cmmd": _cmmd,
    "precision": _overlap("precision"),
    "recall": _overlap("recall"),
    "density": _overlap("density"),
    "coverage": _overlap("coverage"),
    "authenticity": _authenticity,
    "neighbour_ratio": _neighbour_ratio,
    "inception_score": _inception_score,
    "vendi": _vendi,
}

_LONG = {
    "frechet": {"fd", "fd_infinity"},
    "lesser_frechet": {"fd_infinity"},
    "kernel": {"kd", "kd_subsets"},
    "overlap": {"precision", "recall", "density", "coverage"},
    "vendi": {"vendi"},
    "copies": {"authenticity", "neighbour_ratio"},
    "inception_score": {"inception_score"},
}
"""What of a view takes long, the longest first, and the families that read it."""


def long_work(view: View, families: Collection[str]) -> list[Work]:
    """The independent pieces of work behind families; the view keeps what they find.

    What cannot be taken is left: the family that reads it says so.
    """
    return [partial(_take, view, part) for part, readers in _LONG.items() if readers & {*families}]


def _take(view: View, part: str) -> None:
    with contextlib.suppress(AlphabarError):
        getattr(view, part)
