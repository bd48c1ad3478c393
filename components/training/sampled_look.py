"""A look at a denoiser: EMA samples on fixed seeds, judged on the holdout, and how it denoises."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from components.data.grids import contact_sheet
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.judge import Judge
from components.figures.interval import Interval
from components.files.samples import asked_for
from components.generation.generate import generate
from components.generation.prompts import Prompts, split_prompts
from components.generation.sampler import Sampler, check_steps
from components.networks.checkpoint import Checkpoint
from components.runtime import Runtime
from components.spec.metrics import families_in_training, ranking_metric
from components.spec.sections.evaluation import EvaluationSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import SHOWN, TrainingSpec
from components.training.denoising import DenoisingProbe
from components.training.look import Seen
from components.training.task import Inputs

COLUMNS = 10
"""Images in a row of the picture, which has the first `SHOWN` of them."""


def with_network(model: Checkpoint, average: nn.Module) -> Checkpoint:
    """``model`` with an average in the place of its network."""
    return replace(model, network=average)


Sees = Callable[[Checkpoint, nn.Module], Checkpoint]
"""(model, average) → the model that is sampled."""


class LookAt(Protocol):
    """Makes what evaluates a run, once it is known how what is trained is put into the model."""

    def __call__(
        self,
        training: TrainingSpec,
        inputs: Inputs,
        runtime: Runtime,
        device: torch.device,
        extractor: str | None,
        seen: Sees,
    ) -> "SampledLook":
        """As `components.training.task.MakeLook`."""


class Judgements(Protocol):
    """Figures by name."""

    @property
    def figures(self) -> Mapping[str, Interval]: ...


class SamplesJudge(Protocol):
    """Judges what was drawn."""

    def names(self) -> list[str]:
        """The figures that it takes."""

    def measure(self, images: ImageSet, seed: int | None) -> Judgements:
        """``seed`` is the first one of the images."""

    def release(self) -> None:
        """Let go of what is large and can be loaded again."""


@dataclass(frozen=True)
class SampledLook:
    """Samples an image for each of ``prompts``, judges them, and probes the network.

    Attributes:
        ranking: the figure that decides: the Fréchet distance of the extractor, unless somebody
            else judges.
        seen: (model, average) → the model that is sampled.
    """

    model: Checkpoint
    sampling: SamplingSpec
    prompts: Prompts
    judge: SamplesJudge
    probe: DenoisingProbe
    ranking: str
    seen: Sees = with_network
    columns: int = COLUMNS

    @classmethod
    def over(
        cls,
        model: Checkpoint,
        training: TrainingSpec,
        inputs: Inputs,
        runtime: Runtime,
        extractor: str | None = None,
        seen: Sees = with_network,
    ) -> "SampledLook":
        """The look at ``model`` in a training run; ``inputs`` has data and maybe scorer.

        Raises:
            AlphabarError: samples would take more steps than the process has.
        """
        spec = EvaluationSpec(
            size=training.evaluate_size,
            groups="none",
            extractor=extractor or EvaluationSpec.model_fields["extractor"].default,
        )
        sampling = SamplingSpec(steps=training.evaluate_steps, guidance=training.evaluate_guidance)
        check_steps(model, sampling)
        ranking = ranking_metric(spec.extractor)
        families = families_in_training(training.select_by or ranking)
        bank = FeatureBank(model.device, runtime.cache, weights=runtime.weights)
        values = spec.model_dump(mode="json")
        judge = Judge.of_data(inputs["data"], inputs.get("scorer"), values, bank).only(families)
        probe = DenoisingProbe.of_data(model, inputs["data"], spec.confidence)
        prompts = split_prompts(
            inputs["data"], "holdout", training.evaluate_samples, model.conditioner
        )
        _release(model)
        return cls(model, sampling, prompts, judge, probe, ranking, seen)

    @property
    def asked(self) -> list[str]:
        shown = self._shown
        told = zip(shown.captions, shown.labels, shown.classes, strict=True)
        return [asked_for(*each) for each in told]

    def names(self) -> list[str]:
        found = [*self.judge.names(), *self.probe.names()]
        self.judge.release()
        return found

    def __call__(self, average: nn.Module) -> Seen:
        try:
            return self._see(self.seen(self.model, average))
        finally:  # whatever went wrong, training goes on, and has no use for them
            _release(self.model)
            self.judge.release()

    def picture(self, average: nn.Module) -> NDArray[np.uint8]:
        try:
            sampler = Sampler(self.seen(self.model, average), self.sampling)
            return contact_sheet(generate(sampler, self._shown).images, self.columns)
        finally:
            _release(self.model)

    @property
    def _shown(self) -> Prompts:
        return self.prompts.some(range(min(SHOWN, len(self.prompts))))

    def _see(self, model: Checkpoint) -> Seen:
        images = generate(Sampler(model, self.sampling), self.prompts).images
        classes = np.array(self.prompts.classes)
        found = ImageSet(images, classes, self.prompts.captions, "generated")
        figures = self.judge.measure(found, self.sampling.seed).figures
        sheet = contact_sheet(images[:SHOWN], self.columns)
        told = model.conditioner is not self.model.conditioner
        probe = self.probe.told_by(model.conditioner) if told else self.probe
        return Seen(sheet, {**figures, **probe.measure(model.network)})


def _release(model: Checkpoint) -> None:
    """Let go of what training has no use for: it has latents and text states of its own."""
    model.codec.release()
    model.conditioner.release()
