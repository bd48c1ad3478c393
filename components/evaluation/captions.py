"""Images and the captions that they were asked for, as any CLIP sees them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from components.evaluation.domain_clip import (
    FILE_NAME,
    NAME,
    DomainClip,
    distinct_captions,
    load_scorer,
)
from components.evaluation.extractors.clip import OpenClip
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_files import Pictures
from components.figures.statistics.intervals import Rows
from components.files.digests import known_sha256
from components.spec.metric_family import Judge
from components.spec.reading import AS_READ, Reading

Embeddings = NDArray[np.float32]


class Clip(Protocol):
    """A model of images and captions.

    Attributes:
        name: what records call it.
        suffix: what stands behind a figure's family; empty for published models.
        resize: how images are brought to its size.
        engine: what computes its image features, for records.
        key: SHA-256 of its weights.
    """

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    @property
    def resize(self) -> str: ...

    @property
    def engine(self) -> str: ...

    @property
    def key(self) -> str: ...

    def images(self, images: Pictures) -> Embeddings: ...

    def captions(self, captions: Sequence[str]) -> Embeddings: ...

    def cut(self, captions: Sequence[str]) -> dict[str, int]:
        """How many captions are cut and at how many tokens; nothing where none is."""


class Domain:
    """The experiment's own CLIP, reading its image tower's features from the bank."""

    name = NAME
    suffix = DomainClip.suffix

    def __init__(self, folder: Path, bank: FeatureBank) -> None:
        self._scorer, self._bank = load_scorer(folder, bank.device), bank
        self.resize = self._scorer.resize
        self.engine = bank.extractor(EfficientNetLite0.name, self._scorer.config.size).engine
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

    suffix = OpenClip.suffix

    def __init__(self, name: str, bank: FeatureBank) -> None:
        self.name, self._bank = name, bank

    @property
    def resize(self) -> str:
        return self._bank.clip(self.name).resize

    @property
    def engine(self) -> str:
        return self._bank.clip(self.name).engine

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


MakeClip = Callable[[str, FeatureBank, Path | None], Clip | None]
"""From a full name, where features come from, and the stage `scorer`'s output."""

CLIPS: dict[str, MakeClip] = {
    "none": lambda _name, _bank, _scorer: None,
    "domain": lambda _name, bank, scorer: Domain(scorer, bank) if scorer else None,
    "clip": lambda name, bank, _scorer: Published(name, bank),
}
"""By the part of a name of `evaluation.clip` before the first colon."""


def build_clip(name: str, bank: FeatureBank, scorer: Path | None) -> Clip | None:
    """The CLIP of ``name``; None where there is none, or where it is to come from a stage that was
    not run."""
    return CLIPS[name.partition(":")[0]](name, bank, scorer)


def _cut(count: int, limit: int) -> dict[str, int]:
    return {"captions_cut": count, "captions_cut_at": limit} if count else {}


@dataclass(frozen=True)
class CaptionView:
    """Images and the captions that they were asked for, embedded by one CLIP.

    Attributes:
        clip: the CLIP.
        images: (n, dimension).
        distinct: (m, dimension) each distinct caption once.
        caption_of: (n,) row of ``distinct``.
        confidence: level of every interval.
        told: what stands with every figure of them, such as what `Clip.cut` says.
    """

    clip: Clip
    images: Embeddings
    distinct: Embeddings
    caption_of: Rows
    confidence: float
    told: Mapping[str, int | str] = field(default_factory=dict)

    kind: ClassVar[Judge] = "clip"

    @property
    def judge(self) -> str:
        return self.clip.suffix

    @property
    def extractor(self) -> str:
        return self.clip.name

    @property
    def resize(self) -> str:
        return self.clip.resize

    @property
    def engine(self) -> str:
        return self.clip.engine

    @property
    def key(self) -> str:
        """SHA-256 of the CLIP's weights."""
        return self.clip.key

    @classmethod
    def of(
        cls,
        clip: Clip,
        images: Pictures,
        captions: Sequence[str],
        confidence: float,
        reading: Reading | None = None,
    ) -> "CaptionView":
        """Embed both; each distinct caption once.

        Args:
            reading: how captions are read that have a word which only a fine-tune knows.
        """
        read = [*captions] if reading is None else [reading.read(text) for text in captions]
        distinct, caption_of = distinct_captions(read)
        embedded = clip.captions(distinct)
        told: dict[str, int | str] = {**clip.cut(distinct)}
        if reading is not None and read != [*captions]:
            told[AS_READ] = reading.words
        return cls(clip, clip.images(images), embedded, caption_of, confidence, told)

    def rows(self, generated: Rows, _reference: Rows) -> "CaptionView":
        """Some of the images, with all captions."""
        return replace(self, images=self.images[generated], caption_of=self.caption_of[generated])

    @cached_property
    def own(self) -> Embeddings:
        """(n, dimension) each image's own caption."""
        return self.distinct[self.caption_of]
