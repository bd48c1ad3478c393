"""Images and captions as a preference model scores them: one number an image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.domain_clip import distinct_captions
from components.evaluation.images.image_files import ImageFiles, Pictures
from components.evaluation.metrics.clip_score import clip_cosines
from components.evaluation.preferences.model import PreferenceModel
from components.figures.statistics.intervals import Rows
from components.runtime import Progress, silent
from components.spec.metric_family import Judge
from components.spec.reading import AS_READ, Reading

Scores = NDArray[np.float64]

_ROWS = 256  # images whose embeddings are in memory at once


def scores(
    judge: PreferenceModel,
    images: Pictures,
    prompts: Sequence[str],
    progress: Progress = silent,
) -> Scores:
    """(n,) scores: ``judge.scale`` times the cosine of each image and its own prompt.

    Only scores of one model, and only of one prompt's images, say which image people would prefer.

    Args:
        images: (n, height, width, 1 or 3) uint8, or n files.
        prompts: n texts, image k's at k; each distinct one is read once.

    Raises:
        AlphabarError: there are no images, or not one prompt for each; a file is no image; the
            model's weights are broken, or give an embedding that is nought or not finite.
    """
    if not len(images) or len(images) != len(prompts):
        raise AlphabarError(
            f"{len(images)} images and {len(prompts)} prompts do not belong together",
            "give one prompt an image, and at least one",
        )
    distinct, prompt_of = distinct_captions(prompts)
    read, found, done = judge.captions(distinct), np.empty(len(images)), 0
    for rows, part in _parts(images):
        cosines = clip_cosines(judge.images(part), read[prompt_of[rows]])
        found[rows] = judge.scale * cosines
        done += len(rows)
        progress(done, len(images), "preference scores")
    return found


def _parts(images: Pictures) -> Iterator[tuple[Rows, NDArray[np.uint8]]]:
    if isinstance(images, ImageFiles):
        for window in images.windows():
            yield from window
        return
    for start in range(0, len(images), _ROWS):
        part = np.ascontiguousarray(images[start : start + _ROWS])
        yield start + np.arange(len(part)), part


@dataclass(frozen=True)
class PreferenceView:
    """Images as a preference model sees them beside what they were asked for.

    Attributes:
        model: who judges.
        scores: (n,) as `scores` gives them.
        captions: how many distinct ones there are.
        confidence: level of every interval.
        told: what stands with every figure of them, such as that captions were cut.
    """

    model: PreferenceModel
    scores: Scores
    captions: int
    confidence: float
    told: dict[str, int | str] = field(default_factory=dict)

    kind: ClassVar[Judge] = "preference"

    @property
    def judge(self) -> str:
        return self.model.suffix

    @property
    def extractor(self) -> str:
        return self.model.name

    @property
    def engine(self) -> str:
        return self.model.engine

    @property
    def resize(self) -> str:
        return self.model.resize

    @property
    def key(self) -> str:
        """SHA-256 of the judge's files."""
        return self.model.key

    @classmethod
    def of(
        cls,
        model: PreferenceModel,
        images: Pictures,
        captions: Sequence[str],
        confidence: float,
        reading: Reading | None = None,
        progress: Progress = silent,
    ) -> "PreferenceView":
        """Score all.

        Args:
            reading: how captions are read that have a word which only a fine-tune knows.

        Raises:
            AlphabarError: as `scores`.
        """
        read = [*captions] if reading is None else [reading.read(text) for text in captions]
        found = scores(model, images, read, progress)
        distinct, told = {*read}, dict[str, int | str]()
        if cut := model.too_long(sorted(distinct)):
            told |= {"captions_cut": cut, "captions_cut_at": model.context_length}
        if reading is not None and read != [*captions]:
            told[AS_READ] = reading.words
        return cls(model, found, len(distinct), confidence, told)

    def rows(self, generated: Rows, _reference: Rows) -> "PreferenceView":
        """Some of the images."""
        return replace(self, scores=self.scores[generated])
