"""A look at a model that learns a subject: samples of its prompt, and how like it they are.

Of 3 to 30 images there is no Fréchet distance, and that to the baseline's holdout is best before
anything was learnt. So the mean cosine with the subject's images decides, as the stage
`similarity` takes it afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from components.data.subject import load_subject
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.similarity import mean_cosine
from components.figures.likeness import Value
from components.generation.asked import prompts_of
from components.generation.sampler import check_steps
from components.networks.checkpoint import Checkpoint
from components.runtime import Runtime
from components.spec.catalogue.subjects import subject_prompt
from components.spec.metrics import LIKENESS, metric_name
from components.spec.sections.evaluation import EvaluationSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.denoising import DenoisingProbe
from components.training.sampled_look import SampledLook, Sees
from components.training.task import Inputs


@dataclass(frozen=True)
class Alike:
    """What a `SubjectJudge` has found."""

    figures: Mapping[str, Value]


@dataclass(frozen=True)
class SubjectJudge:
    """Judges by features of an extractor how like the subject images are.

    Attributes:
        real: (n, height, width, channel) uint8, of the subject.
        size: at which the extractor looks, pixels.
    """

    real: NDArray[np.uint8]
    extractor: str
    size: int
    confidence: float
    bank: FeatureBank

    @property
    def name(self) -> str:
        """The figure's."""
        return metric_name(LIKENESS, self.extractor)

    def names(self) -> list[str]:
        return [self.name]

    def measure(self, images: ImageSet, seed: int | None) -> Alike:
        real, drawn = (
            self.bank.features(each, self.extractor, self.size).values
            for each in (self.real, images.images)
        )
        return Alike({self.name: Value(**mean_cosine(real, drawn, self.confidence))})

    def release(self) -> None:
        """There is nothing large."""


def subject_look(
    model: Checkpoint,
    spec: Mapping[str, Any],
    training: TrainingSpec,
    inputs: Inputs,
    runtime: Runtime,
    device: torch.device,
    extractor: str | None,
    seen: Sees,
) -> SampledLook:
    """What evaluates ``model`` while it learns the images in ``inputs["subject"]``; the probe is of
    the baseline's holdout.

    Raises:
        AlphabarError: samples would take more steps than the process has, or images are damaged.
    """
    defaults = EvaluationSpec()
    sampling = SamplingSpec(steps=training.evaluate_steps, guidance=training.evaluate_guidance)
    check_steps(model, sampling)
    judge = SubjectJudge(
        load_subject(inputs["subject"]),
        extractor or defaults.extractor,
        training.evaluate_size,
        defaults.confidence,
        FeatureBank(model.device, runtime.cache, weights=runtime.weights),
    )
    probe = DenoisingProbe.of_data(model, inputs["data"], defaults.confidence)
    prompts = prompts_of(model, [subject_prompt(spec)], training.evaluate_samples)
    model.codec.release()
    model.conditioner.release()
    return SampledLook(model, sampling, prompts, judge, probe, judge.name, seen)
