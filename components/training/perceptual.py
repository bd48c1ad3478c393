"""How far apart two images look to EfficientNet-Lite0: a loss for autoencoders."""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize

from components.evaluation.extractors.efficientnet import load_efficientnet_lite0

STAGES = 5
"""Of the network's seven stages: up to a sixteenth of the side, 112 channels."""

LEAST_SIDE = 64
"""Pixels: smaller images are enlarged, so that the deepest stage still sees 4 × 4 places."""


class PerceptualDistance(nn.Module):
    """Mean squared distance of unit feature vectors, place by place, after each of `STAGES` stages
    (LPIPS without its learnt weights; Zhang et al. 2018, eq. 1)."""

    @cached_property
    def network(self) -> nn.Module:
        """Read when it is first needed; frozen, and no part of the module's own weights."""
        return load_efficientnet_lite0()

    def forward(self, found: Tensor, images: Tensor) -> Tensor:
        """The mean over the batch.

        Args:
            found, images: (batch, 1 or 3, height, width) within about [−1, 1].
        """
        network: Any = self.network.to(images.device)
        with torch.no_grad():
            targets = self._features(network, images)
        pairs = zip(self._features(network, found), targets, strict=True)
        distances = [(a - b).square().sum(1).mean() for a, b in pairs]
        return torch.stack(distances).mean()

    def _features(self, network: Any, images: Tensor) -> list[Tensor]:
        x = images.expand(-1, 3, -1, -1)
        if min(x.shape[2:]) < LEAST_SIDE:
            x = interpolate(x, (LEAST_SIDE, LEAST_SIDE), mode="bilinear")
        x, features = network.bn1(network.conv_stem(x)), []
        for stage in list(network.blocks)[:STAGES]:
            x = stage(x)
            features.append(normalize(x.float(), dim=1))
        return features
