"""DINOv2's class token with dgm-eval's preprocessing: the extractor of `fd_dinov2`.

Oquab et al., 2023; Stein et al., 2023, whose FD is of ViT-L/14 at 224 pixels.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import timm
import torch
from huggingface_hub import hf_hub_download
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.transforms import functional as pictures

from components.evaluation.extractors.batches import Reader
from components.evaluation.extractors.engine import Part, TorchEngine, torch_name
from components.evaluation.extractors.pillow import transformed
from components.evaluation.extractors.weights import loading, missing_weights
from components.evaluation.weights_files import (
    DINOV2,
    DINOV2_TAG,
    dinov2_files,
    find_file,
)
from components.files.digests import known_sha256
from components.files.weights_folders import weights_folders
from components.runtime import Progress, silent

SIZE = 224

_DIMENSIONS = {"small": 384, "base": 768, "large": 1024}
_BATCH = 32
_OFFSET = 0.1  # added by DINOv2's own code to the new grid's side, before it scales positions


class DinoV2:
    """The class token after the last norm, always at 224 pixels.

    Args:
        device: where it computes.
        weights: a folder that may hold the weights, before the others are looked through.
        architecture: timm's name; figures are called `dinov2` for the large one only.

    Raises:
        AlphabarError: the weights are nowhere and cannot be downloaded.
    """

    name = "dinov2"
    size = SIZE
    resize = f"dgm-eval bicubic {SIZE}px"

    def __init__(
        self, device: torch.device, weights: Path | None = None, architecture: str = DINOV2
    ) -> None:
        self.device = device
        self.architecture = architecture
        self.dimension = _DIMENSIONS[architecture.split("_")[1]]
        self.path = find_dinov2(architecture, weights)

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 of the file of weights."""
        return known_sha256(self.path)

    @cached_property
    def network(self) -> nn.Module:
        """The network, loaded when it is first needed; raises AlphabarError."""
        with loading(self.name, self.path):
            network = load_dinov2(self.architecture, self.path)
        return network.to(self.device)

    @property
    def engine(self) -> str:
        """What computes its features, for records: ONNX Runtime is no faster at transformers."""
        return torch_name()

    @cached_property
    def reader(self) -> Reader:
        """The network in its engine, loaded when it is first needed; raises AlphabarError."""
        engine = TorchEngine(self.network, self.device, _BATCH)
        return Reader(self.name, self.dimension, self._prepare, engine)

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Features (n, dimension) float32 of images (n, height, width, channel) uint8.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, there are none, or the
                weights are broken.
        """
        return self.reader(images, progress)

    def of_parts(
        self, parts: Iterable[Part], n: int, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """The same of ``n`` images that come part by part; see `Reader.of_parts`."""
        return self.reader.of_parts(parts, n, progress)

    def logits(self, features: NDArray[np.float32]) -> None:
        """It knows no classes."""

    def _prepare(self, images: NDArray[np.uint8]) -> Tensor:
        return transformed(images, dgm_eval_input, self.device)


def dgm_eval_input(image: Image.Image) -> Tensor:
    """An RGB image as dgm-eval feeds DINOv2: squeezed by Pillow's bicubic, in eight bits."""
    small = image.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    pixels: Tensor = pictures.to_tensor(small)
    scaled: Tensor = pictures.normalize(pixels, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    return scaled


def find_dinov2(architecture: str, weights: Path | None) -> Path:
    """The file of weights, by timm's download if it is nowhere; raises AlphabarError."""
    folders, names = weights_folders(weights), dinov2_files(architecture)
    if found := find_file(names, folders):
        return found
    try:
        return Path(hf_hub_download(f"timm/{architecture}.{DINOV2_TAG}", "model.safetensors"))
    except Exception as error:  # network libraries raise many kinds; all mean the same here
        why = type(error).__name__
        raise missing_weights(DinoV2.name, names, folders, why) from error


def load_dinov2(architecture: str, path: Path) -> nn.Module:
    """The network for images of 224 pixels, frozen, from timm's or DINOv2's file."""
    tensors = (
        load_file(path)
        if path.suffix == ".safetensors"
        else torch.load(path, map_location="cpu", weights_only=True)
    )
    tensors.pop("mask_token", None)
    with torch.random.fork_rng(devices=[]):  # the random start is replaced
        network: nn.Module = timm.create_model(
            architecture, pretrained=False, img_size=SIZE, num_classes=0
        )
    tensors["pos_embed"] = resized_positions(tensors["pos_embed"], SIZE // 14)
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def resized_positions(positions: Tensor, side: int) -> Tensor:
    """(1, 1 + side², d) from (1, 1 + m², d), as DINOv2's own code does it, not as timm's."""
    m = round((positions.shape[1] - 1) ** 0.5)
    if m == side:
        return positions
    grid = positions[:, 1:].reshape(1, m, m, -1).permute(0, 3, 1, 2)
    factor = (side + _OFFSET) / m
    grid = interpolate(grid, scale_factor=(factor, factor), mode="bicubic")
    return torch.cat([positions[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)
