"""The loss of an autoencoder: L1, KL divergence and a perceptual term (Rombach 2022, eq. 25)."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from components.networks.conditioners.rows import Rows
from components.process.streams import Draws, Purpose
from components.spec.sections.codec import CodecSpec
from components.training.parts import WHOLE
from components.training.perceptual import PerceptualDistance


@dataclass(frozen=True)
class ReconstructionLoss:
    """Mean absolute error a pixel value, with the weighted other terms.

    The KL divergence from the standard normal is summed over an image's latents and divided by
    its pixel values, so that both are for one of these. Noise of a step is by (seed, step).
    """

    spec: CodecSpec
    perceptual: PerceptualDistance

    def __call__(
        self,
        network: nn.Module,
        average: nn.Module,
        step: int,
        x0: Tensor,
        rows: Rows,
        part: slice = WHOLE,
    ) -> Tensor:
        """The loss of images ``x0`` (batch, channel, height, width) within [−1, 1]."""
        autoencoder: Any = network
        images = x0[part]
        posterior = autoencoder.encode(images).latent_dist
        draws = Draws.of(self.spec.seed, step, Purpose.POSTERIOR, x0.device)
        shape = (len(x0), *posterior.mean.shape[1:])
        noise = draws.normal(shape)[part].to(posterior.mean)
        found = autoencoder.decode(posterior.mean + posterior.std * noise).sample.float()
        loss: Tensor = (found - images).abs().mean()
        if self.spec.kl:
            loss = loss + self.spec.kl * posterior.kl().sum() / images.numel()
        if self.spec.perceptual:
            loss = loss + self.spec.perceptual * self.perceptual(found, images)
        return loss
