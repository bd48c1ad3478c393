"""Training of the domain CLIP's projections on features that are computed once."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax, normalize

from components.runtime import Progress, silent
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
    pairs: Pairs, spec: ScorerSpec, progress: Progress = silent
) -> dict[str, Tensor]:
    """Train both projections and the temperature with AdamW and a cosine decay, on the CPU.

    Image features are standardised and caption features scaled while training; both are then
    folded into the projections, so that the model takes the towers' output as it is. All
    randomness comes from ``spec.seed``.

    Returns:
        the tensors named in `components.evaluation.domain_clip.TRAINED`.
    """
    generator = torch.Generator().manual_seed(spec.seed)
    images, captions = torch.tensor(pairs.images), torch.tensor(pairs.captions)
    mean, deviation = images.mean(dim=0), images.std(dim=0, correction=0) + 1e-3
    images = (images - mean) / deviation
    length = captions.square().mean().sqrt()
    captions = captions / length
    of = torch.tensor(pairs.caption_of)
    see = _random_projection(images.shape[1], spec.embed_dim, generator)
    read = _random_projection(captions.shape[1], spec.embed_dim, generator)
    log_scale = torch.tensor(-math.log(_INITIAL_TEMPERATURE), requires_grad=True)
    parameters: list[dict[str, Any]] = [
        {"params": [see, read]},
        {"params": [log_scale], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        parameters,
        lr=spec.lr,
        weight_decay=spec.weight_decay,
    )
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, spec.steps)
    for step in range(spec.steps):
        rows = torch.randint(len(of), (spec.batch_size,), generator=generator)
        distinct, caption_of = torch.unique(of[rows], return_inverse=True)
        x = _dropped(images[rows], spec.dropout, generator) @ see.T
        y = _dropped(captions[distinct], spec.dropout, generator) @ read.T
        loss = contrastive_loss(
            normalize(x, dim=-1), normalize(y, dim=-1), caption_of, log_scale.exp()
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        decay.step()
        with torch.no_grad():
            log_scale.clamp_(max=math.log(_HIGHEST_SCALE))
        if (step + 1) % _PROGRESS_EVERY == 0 or step + 1 == spec.steps:
            progress(step + 1, spec.steps, f"training the scorer, loss {loss.item():.3f}")
    weight = see.detach() / deviation
    return {
        "visual.head.proj.weight": weight,
        "visual.head.proj.bias": -weight @ mean,
        "text.proj.weight": read.detach() / length,
        "logit_scale": log_scale.detach(),
    }


def _random_projection(width: int, embed_dim: int, generator: torch.Generator) -> Tensor:
    values = torch.randn(embed_dim, width, generator=generator)
    return (values / math.sqrt(width)).requires_grad_()


def _dropped(features: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Dropout from an explicit generator."""
    kept = torch.rand(features.shape, generator=generator) >= share
    return features * kept / (1.0 - share)
