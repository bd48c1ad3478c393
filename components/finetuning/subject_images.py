"""The few images of a subject, and those of its class, as a fine-tune is shown them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.data.subject import load_subject
from components.errors import AlphabarError
from components.files.samples import read_samples
from components.networks.checkpoint import Checkpoint
from components.networks.codecs.autoencoder import Autoencoder
from components.networks.conditioners.conditioner import Conditioner
from components.networks.conditioners.rows import PLACES, Rows, take
from components.process.streams import Purpose
from components.spec.catalogue.subjects import class_prompt, subject_prompt
from components.spec.sections.training import TrainingSpec
from components.training.batches import Order, TrainingSet, passes
from components.training.latents import drawn, moments_of
from components.training.live_text import LiveCaptions
from components.training.task import Inputs


@dataclass(frozen=True, eq=False)
class SubjectImages:
    """What is trained on, (n, height, width, channel) uint8, and what it is shown with.

    Attributes:
        prior: of the class; None without a prior.
        prompts: of the subject, and of the class.
    """

    subject: NDArray[np.uint8]
    prior: NDArray[np.uint8] | None
    prompts: tuple[str, str]

    @classmethod
    def of(
        cls, model: Checkpoint, spec: Mapping[str, Any], inputs: Mapping[str, Path]
    ) -> "SubjectImages":
        """Those of the stage's inputs.

        Raises:
            AlphabarError: a file is missing or damaged, the images are not as ``model`` draws
                them, or those of the class are others than ``spec`` asks for.
        """
        prompts = subject_prompt(spec), class_prompt(spec)
        subject = load_subject(inputs["subject"])
        _refuse_other_shape(subject, model, inputs["subject"])
        if not spec.get("prior_weight"):
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


def shown(
    images: SubjectImages, model: Checkpoint, training: TrainingSpec, inputs: Inputs
) -> TrainingSet:
    """The images with their prompt's conditions, which the encoder makes once unless it is trained,
    and, where the model works on latents, the normals that each step draws x0 from."""
    told = _told(model.conditioner, images.prompts)

    def rows(index: Tensor) -> Rows:
        return take(told, (index >= len(images.subject)).long())

    codec, order = model.codec, images.order
    if not isinstance(codec, Autoencoder):
        return TrainingSet(images.all, lambda _, part: codec.encode(part), rows, order=order)
    moments = moments_of(codec, images.all, model.device)
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


def _refuse_other_shape(images: NDArray[np.uint8], model: Checkpoint, folder: Path) -> None:
    _, height, width, channels = images.shape
    if (channels, height, width) != model.image_shape:
        raise AlphabarError(
            f"{folder} holds images {(channels, height, width)}, the model makes "
            f"{model.image_shape}",
            "give images of the subject as the baseline's data has them",
        )
