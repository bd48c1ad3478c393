"""DreamBooth: a rare word comes to mean one subject, of which there are a few images.

Ruiz et al. 2023 (arXiv 2208.12242), eq. 2: the loss of the subject's images under "a TOKEN CLASS"
plus λ times that of images of the class, which the base itself has drawn from "a CLASS", so that
the class does not come to mean the subject, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from components.data.readers.words import refuse_cut
from components.errors import AlphabarError
from components.finetuning.lora import lora_task
from components.finetuning.subject_images import SubjectImages, shown
from components.finetuning.subject_look import subject_look
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.rows import Rows
from components.process.diffuse import spread
from components.spec.catalogue import FINETUNES
from components.spec.sections.training import TrainingSpec
from components.training.denoising_loss import DenoisingLoss
from components.training.denoising_task import denoising_task
from components.training.parts import WHOLE
from components.training.task import Objective, Task


def dreambooth(
    model: Checkpoint,
    spec: Mapping[str, Any],
    training: TrainingSpec,
    inputs: Mapping[str, Path],
) -> Task:
    """The task of teaching ``model`` the images in ``subject``, beside those in ``prior`` where
    there is a prior.

    Raises:
        AlphabarError: the model reads no captions, the images are not of its size, or those of
            the prior are not what the section asks for; with LoRA, as `lora`.
    """
    if not model.conditioner.readers:
        raise AlphabarError(
            f"`finetune.kind: {spec['kind']}` teaches a word, and the model is told "
            f"`{model.config.conditioning.encoder}`, which reads none",
            "start from a model that reads captions",
        )
    images = SubjectImages.of(model, spec, inputs)
    live = spec.get("text_encoder", False)  # else prompts are read whole
    most = model.config.conditioning.max_tokens if live else None
    refuse_cut(model.conditioner.readers, "prompt", images.prompts[:1], spec["token"], most)
    told = partial(shown, images)

    def objective(trained: Checkpoint) -> Objective:
        loss = DenoisingLoss(trained, training)
        return loss if images.prior is None else PriorPreservation(loss, spec["prior_weight"])

    look = partial(subject_look, model, spec)
    if FINETUNES[spec["kind"]].saves_adapter_where(spec):
        base, texts = inputs["model"], images.prompts
        task = lora_task(
            model, spec, training, base, objective=objective, data=told, texts=texts, look=look
        )
    else:
        task = denoising_task(model, training, objective=objective(model), data=told, look=look)
    return replace(task, facts=lambda _: images.facts)


@dataclass(frozen=True)
class PriorPreservation:
    """The mean of the loss over a batch's images of the subject, plus ``weight`` times that over
    its images of the class (Ruiz et al. 2023, eq. 2).

    They take turns in a batch, the subject first.

    Attributes:
        loss: of each image.
        weight: λ.
    """

    loss: DenoisingLoss
    weight: float

    def __call__(
        self,
        network: nn.Module,
        average: nn.Module,
        step: int,
        x0: Tensor,
        rows: Rows,
        part: slice = WHOLE,
    ) -> Tensor:
        """The mean over the rows ``part`` of x0 (batch, channel, height, width), each multiplied so
        that all rows together give the sum of both means."""
        errors = self.loss.errors(network, step, x0, rows, part)
        times = torch.empty(len(x0))
        for turn, weight in enumerate((1.0, self.weight)):
            times[turn::2] = weight * len(x0) / len(times[turn::2])
        return (spread(times[part], errors) * errors).mean()
