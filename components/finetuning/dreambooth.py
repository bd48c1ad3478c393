"""DreamBooth: a rare word comes to mean one subject, of which there are a few images.

Ruiz et al. 2023 (arXiv 2208.12242), eq. 2: the loss of the subject's images under "a TOKEN CLASS"
plus λ times that of images of the class, which the base itself has drawn from "a CLASS", so that
the class does not come to mean the subject, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from components.data.subject import load_subject
from components.errors import AlphabarError
from components.files.samples import read_samples
from components.finetuning.lora import lora_task
from components.finetuning.subject_look import subject_look
from components.networks.checkpoint import Checkpoint
from components.networks.codecs.autoencoder import Autoencoder
from components.networks.conditioners.conditioner import Conditioner
from components.networks.conditioners.rows import Rows, take
from components.process.streams import Purpose
from components.spec.catalogue import FINETUNES
from components.spec.catalogue.subjects import class_prompt, subject_prompt
from components.spec.sections.training import TrainingSpec
from components.training.batches import Order, TrainingSet, passes
from components.training.denoising_loss import DenoisingLoss
from components.training.denoising_task import denoising_task
from components.training.latents import drawn
from components.training.live_text import PLACES, LiveCaptions
from components.training.parts import WHOLE
from components.training.task import Inputs, Objective, Task

_AT_ONCE = 64
"""Images that an autoencoder is shown at once."""


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
    images = Images.of(spec, inputs)
    _refuse_other_shape(images.subject, model, inputs["subject"])
    told = partial(_shown, images)

    def objective(trained: Checkpoint) -> Objective:
        loss = DenoisingLoss(trained, training)
        return loss if images.prior is None else PriorPreservation(loss, spec["prior_weight"])

    if FINETUNES[spec["kind"]].saves_adapter_where(spec):
        base, texts = inputs["model"], images.prompts
        task = lora_task(model, spec, training, base, objective=objective, data=told, texts=texts)
    else:
        task = denoising_task(model, training, objective=objective(model), data=told)
    look = partial(subject_look, model, spec)
    return replace(task, look=look, facts=lambda _: images.facts)


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
        return (times[part].to(errors).view(-1, 1, 1, 1) * errors).mean()


@dataclass(frozen=True, eq=False)
class Images:
    """What is trained on, (n, height, width, channel) uint8, and what it is shown with.

    Attributes:
        prior: of the class; None without a prior.
        prompts: of the subject, and of the class.
    """

    subject: NDArray[np.uint8]
    prior: NDArray[np.uint8] | None
    prompts: tuple[str, str]

    @classmethod
    def of(cls, spec: Mapping[str, Any], inputs: Mapping[str, Path]) -> "Images":
        """Those of the stage's inputs.

        Raises:
            AlphabarError: a file is missing or damaged, or the images of the class are others than
                ``spec`` asks for.
        """
        prompts = subject_prompt(spec), class_prompt(spec)
        subject = load_subject(inputs["subject"])
        if not spec["prior_weight"]:
            return cls(subject, None, prompts)
        sampled = read_samples(inputs["prior"])
        asked = {row.caption for row in sampled.rows}
        if len(sampled.rows) != spec["prior_images"] or asked != {prompts[1]}:
            raise AlphabarError(
                f"{inputs['prior']} holds {len(sampled.rows)} images, not the "
                f"{spec['prior_images']} of `{prompts[1]}` that the fine-tune is to keep to",
                f"delete {inputs['prior']} and run the experiment again",
            )
        return cls(subject, np.array(sampled.images), prompts)

    @property
    def all(self) -> Tensor:
        """Uint8 (n, channel, height, width): the subject's, then those of the class."""
        parts = [self.subject] if self.prior is None else [self.subject, self.prior]
        return torch.from_numpy(np.concatenate(parts).transpose(0, 3, 1, 2).copy())

    @property
    def order(self) -> Order | None:
        """Which of `all` stand in a step's batch."""
        if self.prior is None:
            return None
        return partial(_in_turns, len(self.subject), len(self.prior))

    @property
    def facts(self) -> dict[str, int]:
        """What metrics.json is to say."""
        prior = 0 if self.prior is None else len(self.prior)
        return {"subject_images": len(self.subject), "prior_images": prior}


def _in_turns(subject: int, prior: int, step: int, count: int, seed: int) -> Tensor:
    """The rows of a batch: an image of the subject, one of the class, and so on; each has a stream
    of shuffled passes of its own."""
    index = torch.empty(count, dtype=torch.int64)
    index[0::2] = passes(subject, step, len(index[0::2]), seed)
    index[1::2] = subject + passes(prior, step, len(index[1::2]), seed, Purpose.PRIOR_ORDER)
    return index


def _shown(
    images: Images, model: Checkpoint, training: TrainingSpec, inputs: Inputs
) -> TrainingSet:
    """The images with their prompt's conditions, which the encoder makes once unless it is trained,
    and, where the model works on latents, the normals that each step draws x0 from."""
    told = _told(model.conditioner, images.prompts)

    def rows(index: Tensor) -> Rows:
        return take(told, (index >= len(images.subject)).long())

    codec, order = model.codec, images.order
    if not isinstance(codec, Autoencoder):
        return TrainingSet(images.all, lambda _, part: codec.encode(part), rows, order=order)
    moments = _moments(codec, images.all, model.device)
    codec.release()
    return TrainingSet(moments, partial(drawn, training.seed), rows, order=order)


def _told(conditioner: Conditioner, prompts: Sequence[str]) -> Rows:
    """A row for each of ``prompts``: its states, or its place where they are made in the step."""
    if isinstance(conditioner, LiveCaptions):
        return {PLACES: torch.arange(len(prompts))}
    told = conditioner.encode([-1] * len(prompts), prompts)
    conditioner.null(1)  # kept from now on
    conditioner.release()
    return told


def _moments(codec: Autoencoder, images: Tensor, device: torch.device) -> Tensor:
    """Mean and deviation of each image's latents, (n, 2, channel, height, width) float32."""
    found = [
        torch.stack(codec.moments(part.to(device)), dim=1).cpu() for part in images.split(_AT_ONCE)
    ]
    return torch.cat(found)


def _refuse_other_shape(images: NDArray[np.uint8], model: Checkpoint, folder: Path) -> None:
    _, height, width, channels = images.shape
    if (channels, height, width) != model.image_shape:
        raise AlphabarError(
            f"{folder} holds images {(channels, height, width)}, the model makes "
            f"{model.image_shape}",
            "give images of the subject as the baseline's data has them",
        )
