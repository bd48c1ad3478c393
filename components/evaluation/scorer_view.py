"""Held-out images and captions as the domain's CLIP has learnt to see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from components.evaluation.captions import Embeddings
from components.evaluation.domain_clip import DomainClip, distinct_captions
from components.evaluation.features.feature_store import Values
from components.figures.statistics.intervals import Rows
from components.spec.metric_family import JUDGES, Judge


@dataclass(frozen=True)
class ScorerView:
    """What `Sight` is to samples, for a CLIP that was just trained and real images.

    Attributes:
        images: (n, dimension).
        distinct: (m, dimension) each distinct caption once.
        caption_of: (n,) row of ``distinct``.
        style: of the images, or their source's name.
        seed: of what is left to chance.
        confidence: level of every interval.
    """

    images: Embeddings
    distinct: Embeddings
    caption_of: Rows
    style: str
    seed: int
    confidence: float

    kind: ClassVar[Judge] = "scorer"

    @classmethod
    def of(
        cls,
        clip: DomainClip,
        seen: Values,
        captions: Sequence[str],
        style: str,
        seed: int,
        confidence: float,
    ) -> "ScorerView":
        """Embed the image tower's features and the captions; each distinct caption once."""
        distinct, caption_of = distinct_captions(captions)
        images = clip.project_features(seen)
        return cls(images, clip.encode_captions(distinct), caption_of, style, seed, confidence)

    @property
    def judge(self) -> str:
        """What stands behind a family in a figure's name."""
        return f"{JUDGES[self.kind].names[0]}_{self.style}"
