"""Training of the domain CLIP's projections on features that are computed once."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax, normalize

from components.files.put import put
from components.meter import Meter
from components.runtime import RESUME_SECONDS, Progress, silent
from components.spec.sections.evaluation import ScorerSpec

_INITIAL_TEMPERATURE, _HIGHEST_SCALE = 0.07, 100.0
"""CLIP's start, and its limit on the inverse temperature (Radford et al., 2021, section 2.5)."""

_PROGRESS_EVERY = 50


@dataclass(frozen=True)
class Pairs:
    """Images and captions as their towers see them.

    Attributes:
        images: (n, 1280) pooled image features.
        captions: (m, 384) pooled features of the distinct captions.
        caption_of: (n,) each image's caption.
    """

    images: NDArray[np.float32]
    captions: NDArray[np.float32]
    caption_of: NDArray[np.intp]


def contrastive_loss(images: Tensor, captions: Tensor, caption_of: Tensor, scale: Tensor) -> Tensor:
    """The symmetric contrastive loss where several images may share a caption.

    Each image is to pick its caption among the distinct ones, and each caption spreads its
    choice evenly over its images (UniCL; Yang et al., 2022, equations 2 and 3). When no caption
    repeats it is CLIP's loss.

    Args:
        images: (n, dimension) unit rows.
        captions: (m, dimension) unit rows, each the caption of at least one image.
        caption_of: (n,) row of ``captions`` for each image.
        scale: inverse temperature.
    """
    logits = scale * images @ captions.T
    own = torch.zeros_like(logits).scatter_(1, caption_of[:, None], 1.0)
    spread = -(own / own.sum(dim=0) * log_softmax(logits, dim=0)).sum(dim=0).mean()
    return (cross_entropy(logits, caption_of) + spread) / 2


def train_projections(
    pairs: Pairs,
    spec: ScorerSpec,
    progress: Progress = silent,
    resume: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    meter: Meter | None = None,
) -> dict[str, Tensor]:
    """Train both projections and the temperature with AdamW and a cosine decay, on the CPU.

    Image features are standardised and caption features scaled while training; both are then
    folded into the projections, so that the model takes the towers' output as it is. All
    randomness comes from ``spec.seed``.

    Args:
        resume: a file for the state, kept every minute by ``clock``; where it is there, training
            goes on from it and ends with the bytes of an undisturbed one.
        meter: measures the steps.

    Returns:
        the tensors named in `components.evaluation.domain_clip.TRAINED`.
    """
    images, captions = torch.tensor(pairs.images), torch.tensor(pairs.captions)
    mean, deviation = images.mean(dim=0), images.std(dim=0, correction=0) + 1e-3
    images = (images - mean) / deviation
    length = captions.square().mean().sqrt()
    captions = captions / length
    of = torch.tensor(pairs.caption_of)
    training = _Training(images.shape[1], captions.shape[1], spec)
    if resume and resume.is_file():
        training.restore(torch.load(resume, weights_only=True))
    latest = clock()
    meter = meter or Meter("cpu")
    while training.steps_done < spec.steps:
        meter.begins()
        loss = training.step(images, captions, of)
        meter.ends()
        done = training.steps_done
        if resume and clock() - latest >= RESUME_SECONDS:
            with put(resume) as part:
                torch.save(training.state(), part)
            latest = clock()
        if done % _PROGRESS_EVERY == 0 or done == spec.steps:
            progress(done, spec.steps, f"training the scorer, loss {loss:.3f}")
    weight = training.see.detach() / deviation
    return {
        "visual.head.proj.weight": weight,
        "visual.head.proj.bias": -weight @ mean,
        "text.proj.weight": training.read.detach() / length,
        "logit_scale": training.log_scale.detach(),
    }


class _Training:
    """Both projections (embed_dim, width) and the temperature, and all that moves them."""

    def __init__(self, image_width: int, caption_width: int, spec: ScorerSpec) -> None:
        self.spec, self.steps_done = spec, 0
        self.generator = torch.Generator().manual_seed(spec.seed)
        self.see = _random_projection(image_width, spec.embed_dim, self.generator)
        self.read = _random_projection(caption_width, spec.embed_dim, self.generator)
        self.log_scale = torch.tensor(-math.log(_INITIAL_TEMPERATURE), requires_grad=True)
        parameters: list[dict[str, Any]] = [
            {"params": [self.see, self.read]},
            {"params": [self.log_scale], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(parameters, lr=spec.lr, weight_decay=spec.weight_decay)
        self.decay = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, spec.steps)

    def step(self, images: Tensor, captions: Tensor, of: Tensor) -> float:
        """One step on a drawn batch; its loss."""
        generator, dropout = self.generator, self.spec.dropout
        rows = torch.randint(len(of), (self.spec.batch_size,), generator=generator)
        distinct, caption_of = torch.unique(of[rows], return_inverse=True)
        x = _dropped(images[rows], dropout, generator) @ self.see.T
        y = _dropped(captions[distinct], dropout, generator) @ self.read.T
        loss = contrastive_loss(
            normalize(x, dim=-1), normalize(y, dim=-1), caption_of, self.log_scale.exp()
        )
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.decay.step()
        with torch.no_grad():
            self.log_scale.clamp_(max=math.log(_HIGHEST_SCALE))
        self.steps_done += 1
        return loss.item()

    def state(self) -> dict[str, Any]:
        """All that the next steps depend on."""
        return {
            "steps_done": self.steps_done,
            "tensors": [tensor.detach() for tensor in self._tensors()],
            "generator": self.generator.get_state(),
            "optimizer": self.optimizer.state_dict(),
            "decay": self.decay.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """The reverse of `state`."""
        self.steps_done = state["steps_done"]
        with torch.no_grad():
            for tensor, value in zip(self._tensors(), state["tensors"], strict=True):
                tensor.copy_(value)
        self.generator.set_state(state["generator"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.decay.load_state_dict(state["decay"])

    def _tensors(self) -> list[Tensor]:
        return [self.see, self.read, self.log_scale]


def _random_projection(width: int, embed_dim: int, generator: torch.Generator) -> Tensor:
    values = torch.randn(embed_dim, width, generator=generator)
    return (values / math.sqrt(width)).requires_grad_()


def _dropped(features: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Dropout from an explicit generator."""
    kept = torch.rand(features.shape, generator=generator) >= share
    return features * kept / (1.0 - share)
