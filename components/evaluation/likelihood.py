"""The variational bound of held-out images: what the loss is a reweighting of.

With ever finer steps the bound of Ho, Jain, Abbeel 2020, eq. 5 becomes

    −log p(x) ≤ KL(q(z_1|x) ‖ p(z_1)) + ½ ∫ E‖ε − ε̂(z_λ)‖² dλ − E log p(x|z_0)

(Kingma 2021, eq. 17, with λ the log-SNR): the ε-loss with every λ counted alike, whereas
training counts every t alike. It depends on a schedule only through the log-SNR at its ends, so
that models trained with different ones can be compared.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.rows import on_device
from components.process.diffuse import coefficients, diffuse
from components.process.schedules import Schedule
from components.runtime import Progress, silent
from components.sampling.denoiser import Denoise, denoiser
from components.spec.catalogue import CODECS

BOUND_IMAGES = 1000  # the interval is narrow by then
BOUND_SEED = 0
EVALUATIONS = 32  # network evaluations an image
BATCH = 256
SMALLEST_LOGSNR = -20.0  # where a schedule ends at zero SNR, the bound ends here


@dataclass(frozen=True)
class Bound:
    """The three parts of the bound, nats an image, each (batch,) float64."""

    prior: Tensor
    diffusion: Tensor
    reconstruction: Tensor

    def bits_per_dimension(self, dimensions: int) -> Tensor:
        """(prior + diffusion + reconstruction) / (D ln 2), (batch,)."""
        return (self.prior + self.diffusion + self.reconstruction) / (dimensions * math.log(2))


@torch.inference_mode()
def holdout_bits(
    model: Checkpoint,
    images: NDArray[np.uint8],
    classes: Sequence[int],
    captions: Sequence[str],
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """Bits per dimension of each image under ``model``, given its class or caption.

    x̂ is held within the range of pixels, as in sampling. Another batch size gives the same
    estimate only up to chance: times and noise are drawn batch by batch.

    Args:
        images: (n, height, width, channel) uint8.

    Raises:
        AlphabarError: the model works on latents.
    """
    levels = CODECS[model.config.codec.kind].levels
    if levels is None:
        raise AlphabarError(
            f"`evaluation.likelihood` counts bits of pixels, and {model.origin} works on the "
            f"latents of codec `{model.config.codec.kind}`, whose density says nothing of them",
            "use `likelihood: none`, or a model that works on pixels",
        )
    generator = torch.Generator().manual_seed(BOUND_SEED)
    found = []
    for start in range(0, len(images), BATCH):
        progress(start, len(images), "")
        here = slice(start, start + BATCH)
        rows = model.conditioner.encode(classes[here], captions[here])
        cond = on_device(rows, model.device)
        x = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2)
        x = model.codec.encode(x.to(model.device))
        denoise = denoiser(
            lambda z, t, cond=cond: model.predict(z, t, cond),  # type: ignore[misc]
            model.schedule,
            model.prediction,
            clip=model.codec.bounded,
        )
        parts = bound(denoise, model.schedule, x, EVALUATIONS, generator, levels)
        found.append(parts.bits_per_dimension(x[0].numel()))
    progress(len(images), len(images), "")
    return torch.cat(found).numpy()


def bound(
    denoise: Denoise,
    schedule: Schedule,
    x: Tensor,
    evaluations: int,
    generator: torch.Generator,
    levels: int,
) -> Bound:
    """An unbiased estimate of the bound of each image.

    Args:
        denoise: (x_t, t) → (x0, ε), the condition settled for these rows.
        x: (batch, channel, height, width), each at one of ``levels`` values from −1 to 1.
        evaluations: network evaluations an image.
        generator: on the CPU; draws times and noise.
    """
    low, high = logsnr_range(schedule)
    ends = schedule.time_of_logsnr(torch.tensor([low, high], dtype=torch.float64))
    alpha, sigma = schedule.alpha(ends).tolist(), schedule.sigma(ends).tolist()
    return Bound(
        prior_nats(x, alpha[0], sigma[0]),
        diffusion_nats(denoise, schedule, x, evaluations, generator),
        reconstruction_nats(x, alpha[1], sigma[1], generator, levels),
    )


def logsnr_range(schedule: Schedule) -> tuple[float, float]:
    """λ at the noisiest and at the least noisy time."""
    ends = schedule.logsnr(torch.tensor([1.0, schedule.t_min], dtype=torch.float64))
    return max(float(ends[0]), SMALLEST_LOGSNR), float(ends[1])


def prior_nats(x: Tensor, alpha: float, sigma: float) -> Tensor:
    """KL(N(α x, σ²) ‖ N(0, α² + σ²)), summed over each image; float64."""
    total = alpha**2 + sigma**2
    each = (sigma**2 + (alpha * x.double()) ** 2) / (2 * total) - 0.5
    return (each + 0.5 * math.log(total / sigma**2)).flatten(1).sum(1).cpu()


def diffusion_nats(
    denoise: Denoise, schedule: Schedule, x: Tensor, evaluations: int, generator: torch.Generator
) -> Tensor:
    """½ ∫ ‖ε − ε̂‖² dλ of each image, from one λ in each of equally long parts of the range."""
    low, high = logsnr_range(schedule)
    total = torch.zeros(len(x), dtype=torch.float64)
    for part in range(evaluations):
        share = (part + torch.rand(len(x), generator=generator, dtype=torch.float64)) / evaluations
        t = schedule.time_of_logsnr(high + (low - high) * share)
        alpha, sigma = coefficients(schedule, t, x)
        eps = torch.randn(x.shape, generator=generator).to(x)
        _, found = denoise(diffuse(x, eps, alpha, sigma), t)
        total += (eps - found).double().square().flatten(1).sum(1).cpu()
    return 0.5 * (high - low) * total / evaluations


def reconstruction_nats(
    x: Tensor, alpha: float, sigma: float, generator: torch.Generator, levels: int
) -> Tensor:
    """−log p(x | z_1) with p(x | z) ∝ q(z | x) over the levels (Kingma 2021, appendix I)."""
    eps = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    x = x.double().cpu()
    z = alpha * x + sigma * eps
    values = torch.linspace(-1, 1, levels, dtype=torch.float64)
    each = [
        torch.logsumexp(-((row.flatten()[:, None] - alpha * values) ** 2) / (2 * sigma**2), 1).sum()
        for row in z
    ]
    own = -((z - alpha * x) ** 2) / (2 * sigma**2)
    return torch.stack(each) - own.flatten(1).sum(1)
