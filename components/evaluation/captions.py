"""How well images fit their captions, by any CLIP: one function a figure, one registry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.domain_clip import FILE_NAME, NAME, distinct_captions, load_scorer
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.families import DRAWS, Finding
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_files import Pictures
from components.evaluation.metrics.clip_score import clip_cosine_estimate, clip_score_estimate
from components.evaluation.metrics.r_precision import clip_r_precision
from components.figures.statistics.intervals import Rows
from components.files.digests import known_sha256

Embeddings = NDArray[np.float32]


class Clip(Protocol):
    """A model of images and captions.

    Attributes:
        name: what records call it.
        suffix: what stands behind a figure's family; empty for published models.
        resize: how images are brought to its size.
        key: SHA-256 of its weights.
    """

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    @property
    def resize(self) -> str: ...

    @property
    def key(self) -> str: ...

    def images(self, images: Pictures) -> Embeddings: ...

    def captions(self, captions: Sequence[str]) -> Embeddings: ...

    def cut(self, captions: Sequence[str]) -> dict[str, int]:
        """How many captions are cut and at how many tokens; nothing where none is."""


class Domain:
    """The experiment's own CLIP, reading its image tower's features from the bank."""

    name = NAME
    suffix = "domain"

    def __init__(self, folder: Path, bank: FeatureBank) -> None:
        self._scorer, self._bank = load_scorer(folder, bank.device), bank
        self.resize = self._scorer.resize
        self.key = known_sha256(folder / FILE_NAME)

    def images(self, images: Pictures) -> Embeddings:
        size = self._scorer.config.size
        found = self._bank.features(images, EfficientNetLite0.name, size)
        return self._scorer.project_features(found.values)

    def captions(self, captions: Sequence[str]) -> Embeddings:
        return self._scorer.encode_captions(captions)

    def cut(self, captions: Sequence[str]) -> dict[str, int]:
        return _cut(self._scorer.too_long(captions), self._scorer.config.context_length)


class Published:
    """An open_clip model; its image embeddings come from the bank."""

    suffix = ""

    def __init__(self, name: str, bank: FeatureBank) -> None:
        self.name, self._bank = name, bank

    @property
    def resize(self) -> str:
        return self._bank.clip(self.name).resize

    @property
    def key(self) -> str:
        return self._bank.clip(self.name).weights_digest

    def images(self, images: Pictures) -> Embeddings:
        return self._bank.features(images, self.name, None).values

    def captions(self, captions: Sequence[str]) -> Embeddings:
        return self._bank.clip(self.name).encode_captions(captions)

    def cut(self, captions: Sequence[str]) -> dict[str, int]:
        clip = self._bank.clip(self.name)
        return _cut(clip.too_long(captions), clip.context_length)


def _cut(count: int, limit: int) -> dict[str, int]:
    return {"captions_cut": count, "captions_cut_at": limit} if count else {}


@dataclass(frozen=True)
class CaptionView:
    """Images and the captions that they were asked for, embedded by one CLIP.

    Attributes:
        images: (n, dimension).
        distinct: (m, dimension) each distinct caption once.
        caption_of: (n,) row of ``distinct``.
        confidence: level of every interval.
        cut: what `Clip.cut` says of the distinct captions; stands with every figure of them.
    """

    images: Embeddings
    distinct: Embeddings
    caption_of: Rows
    confidence: float
    cut: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, clip: Clip, images: Pictures, captions: Sequence[str], confidence: float
    ) -> "CaptionView":
        """Embed both; each distinct caption once."""
        distinct, caption_of = distinct_captions(captions)
        embedded = clip.captions(distinct)
        return cls(clip.images(images), embedded, caption_of, confidence, clip.cut(distinct))

    def rows(self, chosen: Rows) -> "CaptionView":
        """Some of the images, with all captions."""
        return replace(self, images=self.images[chosen], caption_of=self.caption_of[chosen])

    @cached_property
    def own(self) -> Embeddings:
        """(n, dimension) each image's own caption."""
        return self.distinct[self.caption_of]


def _score(view: CaptionView) -> Finding:
    measured = clip_score_estimate(view.images, view.own, view.confidence)
    return Finding(measured, "captions", len(view.distinct), view.cut)


def _cosine(view: CaptionView) -> Finding:
    measured = clip_cosine_estimate(view.images, view.own, view.confidence)
    return Finding(measured, "captions", len(view.distinct), view.cut)


def _r_precision(view: CaptionView) -> Finding:
    if len(view.distinct) < 2:
        raise AlphabarError(
            "one caption leaves nothing to choose from", "ask for images by several captions"
        )
    found = clip_r_precision(view.images, view.distinct, view.caption_of, DRAWS, view.confidence)
    settings = {"candidates": found.candidates, "seed": DRAWS, **view.cut}
    return Finding(found.measured, "captions", len(view.distinct), settings, found.chance)


CAPTION_FAMILIES: dict[str, Callable[[CaptionView], Finding]] = {
    "clip_score": _score,
    "clip_cosine": _cosine,
    "r_precision": _r_precision,
}
