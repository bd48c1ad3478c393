"""Sets of images as one extractor sees them, with what several families of figures read."""

import contextlib
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.evaluation.features.feature_bank import FeatureBank, FeatureSet
from components.evaluation.metrics.fd_infinity import subset_distances
from components.evaluation.metrics.frechet import FrechetParts, FrechetReference, frechet_parts
from components.evaluation.metrics.inception_score import inception_score_of_blocks
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
from components.spec.metric_family import Judge
from components.spec.metrics import METRICS

SEED = 0
"""Seed of splits and subsets: alike for all sets, so that cells can be compared in pairs."""

_LONGEST_FIRST = (
    "frechet",
    "lesser_frechet",
    "kernel_of_subsets",
    "kernel",
    "overlap",
    "vendi",
    "copies",
    "inception_score",
)
"""What of a view is known to take long; other work of the families comes after it."""

_WITHIN = {"kernel": "kernel_of_subsets"}
"""What another part, where that is made, gives in the same pass."""


@dataclass(frozen=True)
class View:
    """All sets of a comparison as one extractor sees them.

    Attributes:
        generated: what is judged.
        reference: what it is judged against; None where there is nothing.
        training: what the model has learnt from, where that is known.
        bank: keeps what follows from features alone.
        confidence: level of every interval.
        neighbours: which neighbour the balls of precision and its kin reach to.
        asked: the families that will be taken of it.
        mirrored: the training images mirrored, where the model has learnt from those, too.
        base: the same images as the model drew them before it was tuned; None for others.
    """

    generated: FeatureSet
    reference: FeatureSet | None
    training: FeatureSet | None
    bank: FeatureBank
    confidence: float
    neighbours: int
    asked: frozenset[str] = frozenset()
    mirrored: FeatureSet | None = None
    base: FeatureSet | None = None

    kind: ClassVar[Judge] = "extractor"

    @property
    def judge(self) -> str:
        return self.generated.extractor

    @property
    def extractor(self) -> str:
        return self.generated.extractor

    @property
    def resize(self) -> str:
        return self.generated.resize

    @property
    def engine(self) -> str:
        return self.generated.engine

    def rows(self, generated: Rows, reference: Rows) -> "View":
        """Some of the images, against some of the reference; without the training images."""
        real = self.reference
        return View(
            replace(self.generated, values=self.generated.values[generated], key=""),
            replace(real, values=real.values[reference], key="") if real else None,
            None,
            self.bank,
            self.confidence,
            self.neighbours,
        )

    @property
    def real(self) -> FeatureSet:
        """The reference, for families that need one."""
        assert self.reference is not None, "a family does not say that it needs real images"
        return self.reference

    @cached_property
    def overlap(self) -> Overlap:
        """Precision, recall, density and coverage: one pass gives all four."""
        real, k = self.real, self.neighbours
        n = len(real.values)
        shapes = {"radii": (n, 3), "members": (n, min(GROUPS, n))}
        kept = self.bank.derived(real, f"balls-{k}", shapes, lambda: _balls(real.values, k))
        balls = manifold_of(real.values, k, kept["radii"], kept["members"])
        return overlap(self.generated.values, balls, self.confidence, k)

    @cached_property
    def holdout(self) -> FrechetReference:
        """The reference with its statistics, made once."""
        return FrechetReference(self.real.values)

    @cached_property
    def frechet(self) -> FrechetParts:
        """The Fréchet distance, and what extrapolating it needs."""
        return frechet_parts(self.generated.values, self.holdout, self.confidence)

    @cached_property
    def lesser_frechet(self) -> Floats:
        """The Fréchet distances of subsets, from which it is extrapolated."""
        return subset_distances(self.generated.values, self.real.values, SEED)

    @cached_property
    def kernel_of_subsets(self) -> KernelDistances:
        """The kernel distance over all pairs and over subsets, in one pass."""
        return kernel_distances(self.generated.values, self.real.values, self.confidence, SEED)

    @cached_property
    def kernel(self) -> Measured:
        """The kernel distance over all pairs."""
        if _WITHIN["kernel"] in self._read:
            return self.kernel_of_subsets.whole
        return kernel_estimate(self.generated.values, self.real.values, self.confidence)

    @cached_property
    def inception_score(self) -> Measured | None:
        """The Inception Score of the generated images, where the extractor has classes."""
        seen = self.generated
        blocks = seen.probability_blocks()
        if blocks is None:
            return None
        return inception_score_of_blocks(blocks, len(seen.values), self.confidence, SEED)

    @cached_property
    def vendi(self) -> Measured:
        """The Vendi score of the generated images."""
        return vendi_score(self.generated.values, self.confidence)

    @cached_property
    def copies(self) -> TrainingNeighbours | None:
        """Each generated image's nearest training image; mirrored copies that have been learnt
        from are training images."""
        seen, turned = self.training, self.mirrored
        if seen is None:
            return None
        learnt = seen.values if turned is None else np.concatenate([seen.values, turned.values])
        both = turned is not None
        shapes = {"gap": (len(learnt),), "duplicated": (len(learnt),)}
        gaps = self.bank.derived(
            seen,
            "gaps-mirrored" if both else "gaps",
            shapes,
            lambda: asdict(training_gaps(learnt, mirrored=both)),
        )
        of_generated, known = self.generated.values, TrainingGaps(**gaps)
        return training_neighbours(of_generated, learnt, known, mirrored=both)

    def work(self) -> list[Work]:
        """The independent pieces of work behind the families; the view keeps what they find.

        What cannot be taken is left: the family that reads it says so.
        """
        ordered = sorted(self._read, key=lambda part: (_place(part), part))
        made = [part for part in ordered if _WITHIN.get(part) not in self._read]
        return [partial(self._take, part) for part in made]

    @cached_property
    def _read(self) -> frozenset[str]:
        """What the families read."""
        return frozenset(part for family in self.asked for part in METRICS[family].work)

    def _take(self, part: str) -> None:
        with contextlib.suppress(AlphabarError):
            getattr(self, part)


def _place(part: str) -> int:
    return _LONGEST_FIRST.index(part) if part in _LONGEST_FIRST else len(_LONGEST_FIRST)


def _balls(features: Features, k: int) -> dict[str, NDArray[np.generic]]:
    balls = manifold(features, k)
    return {"radii": balls.radii, "members": balls.members}
