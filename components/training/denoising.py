"""How well a network denoises: held-out images at fixed noise levels, with fixed noise.

The same images, levels and noise at every evaluation of a run, so that its curve shows the network
alone: neither solver nor guidance, nor how a judge sees the images, is in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from components.data.arrays import load_captions, load_classes, load_images
from components.figures.statistics.intervals import Estimate, mean_interval
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners import Conditioner
from components.networks.conditioners.rows import Rows, on_device
from components.networks.conditioners.text import worded
from components.process.diffuse import coefficients, diffuse
from components.process.streams import Purpose, normal
from components.sampling.denoiser import denoiser
from components.sampling.guidance import Conditioned
from components.spec.metrics import metric_name
from components.training.likeness import OfEach, likeness

LEVELS = {"sigma0.5": 0.5, "sigma2": 2.0}
"""Judge's name → noise level σ/α: where details are decided, and where the whole is."""

IMAGES = 64
"""Of the holdout, at equal distances; all where there are fewer."""


@dataclass(frozen=True)
class DenoisingProbe:
    """Held-out images, and the conditions that they were asked for by.

    Attributes:
        images: (n, channel, height, width) uint8.
        x0: what the process makes of them.
    """

    model: Checkpoint
    images: Tensor
    x0: Tensor
    classes: Sequence[int]
    captions: Sequence[str]
    rows: Rows
    confidence: float

    @classmethod
    def of_data(cls, model: Checkpoint, data: Path, confidence: float) -> "DenoisingProbe":
        """A probe with the holdout of prepared ``data``."""
        held = load_images(data, "holdout", mapped=True)
        taken = np.linspace(0, len(held) - 1, min(IMAGES, len(held))).astype(np.int64)
        shown = np.ascontiguousarray(held[taken].transpose(0, 3, 1, 2))
        images = torch.from_numpy(shown).to(model.device)
        captions = worded(model.conditioner, load_captions(data, "holdout").firsts(taken))
        classes = load_classes(data, "holdout")[taken].tolist()
        rows = model.conditioner.encode(classes, captions)
        x0 = model.codec.encode(images)
        return cls(model, images, x0, classes, captions, rows, confidence)

    def told_by(self, conditioner: Conditioner) -> "DenoisingProbe":
        """The same with what another conditioner makes of the captions."""
        return replace(self, rows=conditioner.encode(self.classes, self.captions))

    @property
    def families(self) -> dict[str, OfEach]:
        """Family → (found, images) → (n,) each image's."""
        return {f"denoising_{name}": of_each for name, of_each in likeness(self.images).items()}

    def names(self) -> list[str]:
        """The figures that it takes."""
        return [metric_name(family, level) for family in self.families for level in LEVELS]

    @torch.no_grad()
    def measure(self, network: nn.Module) -> dict[str, Estimate]:
        """PSNR (dB) and SSIM of what ``network`` makes of the noisy images, means over them."""
        found = {}
        for index, (name, level) in enumerate(LEVELS.items()):
            denoised = self._denoised(network, index, level).float()
            for family, of_each in self.families.items():
                values = of_each(denoised, self.images.float()).cpu().numpy()
                found[metric_name(family, name)] = mean_interval(values, self.confidence)
        return found

    def _denoised(self, network: nn.Module, index: int, level: float) -> Tensor:
        """The images as the network sees them through the noise, uint8."""
        schedule, x0 = self.model.schedule, self.x0
        t = schedule.time_of_noise_level(torch.full((len(x0),), level, dtype=torch.float64))
        noise = normal(range(len(x0)), index, Purpose.EVALUATION, tuple(x0.shape[1:]))
        alpha, sigma = coefficients(schedule, t, x0)
        rows = on_device(self.rows, x0.device)
        predict = Conditioned(replace(self.model, network=network).predict, rows)
        denoise = denoiser(predict, schedule, self.model.prediction)
        found, _ = denoise(diffuse(x0, noise.to(x0), alpha, sigma), t)
        return self.model.codec.decode(found)
