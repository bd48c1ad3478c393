"""What a fine-tune has learnt of a subject, read from the stages' directories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.data.subject import load_subject
from components.figures.closest import ClosestPairs, read_pairs
from components.figures.judgement import Figures, Judgement
from components.figures.likeness import JUDGED, Likeness, read_likeness
from components.figures.record import read_judgement
from components.files.samples import read_samples


@dataclass(frozen=True)
class Drawn:
    """What a model and its base have drawn of the same prompts and seeds.

    Attributes:
        prompts: in the order in which they take turns.
        tuned, baseline: the images, (n, height, width, channel).
        of_tuned, of_baseline: their figures.
    """

    prompts: Sequence[str]
    tuned: NDArray[np.uint8]
    baseline: NDArray[np.uint8]
    of_tuned: Judgement
    of_baseline: Judgement


@dataclass(frozen=True)
class LearntSubject:
    """How well a model has learnt a subject, and what has become of the subject's class.

    Attributes:
        likeness: extractor → how much its images are like the subject's.
        alike: the same as figures, with what each image adds.
        real: the subject's images.
        subject: images of the subject's prompts.
        kin: images of the class, without the word that was taught.
        pairs: the tuned model's images of the subject that lie closest to its real ones.
    """

    likeness: Mapping[str, Likeness]
    alike: Figures
    real: NDArray[np.uint8]
    subject: Drawn
    kin: Drawn
    pairs: ClosestPairs | None = None


def read_learnt(index: int, inputs: Mapping[str, Path]) -> LearntSubject:
    """What the fine-tune of number ``index`` in the stage's inputs has learnt of its subject."""
    compared = inputs[f"similarity:{index}"]
    return LearntSubject(
        read_likeness(compared),
        read_judgement(compared / JUDGED).figures,
        load_subject(inputs[f"subject:{index}"]),
        _drawn("subject", index, inputs),
        _drawn("class", index, inputs),
        read_pairs(inputs[f"evaluate:subject:{index}"]),
    )


def _drawn(what: str, index: int, inputs: Mapping[str, Path]) -> Drawn:
    roles = (f"{what}:{index}", f"{what}-baseline:{index}")
    tuned, baseline = (read_samples(inputs[f"sample:{role}"]) for role in roles)
    return Drawn(
        list(dict.fromkeys(row.caption for row in tuned.rows)),
        tuned.images,
        baseline.images,
        *(read_judgement(inputs[f"evaluate:{role}"]) for role in roles),
    )
