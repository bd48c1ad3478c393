"""clean-fid's Inception with clean-fid's resize: the extractor of the published FID and KID."""

import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from cleanfid.downloads_helper import inception_url
from numpy.typing import NDArray
from torch import Tensor

from components.evaluation.extractors.batches import extract_features
from components.evaluation.extractors.inception_network import (
    FEATURES,
    InceptionNetwork,
    load_inception,
)
from components.evaluation.extractors.weights import (
    download,
    loading,
    missing_weights,
)
from components.evaluation.images.clean_resize import CLEAN_SIZE, clean_resize
from components.evaluation.weights_files import (
    INCEPTION_FILES,
    find_inception_file,
)
from components.files.digests import known_sha256
from components.files.weights_folders import weights_folders
from components.runtime import Progress, silent

_BATCH = 32


class Inception:
    """2,048 pooled features; always at 299 pixels, with clean-fid's resize.

    Args:
        device: where it computes.
        weights: a folder that may hold one of `INCEPTION_FILES`, before others are looked through.

    Raises:
        AlphabarError: the weights are nowhere and cannot be downloaded.
    """

    name = "inception"
    size = CLEAN_SIZE
    dimension = FEATURES
    resize = f"clean-fid bicubic {CLEAN_SIZE}px"

    def __init__(self, device: torch.device, weights: Path | None = None) -> None:
        self.device = device
        self.path = find_inception(weights)

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 of the file of weights."""
        return known_sha256(self.path)

    @cached_property
    def network(self) -> InceptionNetwork:
        """The network, loaded when it is first needed; raises AlphabarError."""
        with loading(self.name, self.path):
            network = load_inception(self.path)
        network.layers.to(self.device)
        return network

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Features (n, 2048) float32 of images (n, height, width, channel) uint8.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, there are none, or the
                weights are broken.
        """
        return extract_features(self._encode, images, self.dimension, _BATCH, self.name, progress)

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 1008) without the classifier's bias, as the published Inception Score takes them."""
        logits: NDArray[np.float32] = features @ self.network.classifier.numpy().T
        return logits

    def _encode(self, images: NDArray[np.uint8]) -> Tensor:
        pixels = torch.from_numpy(clean_resize(images)).permute(0, 3, 1, 2).to(self.device)
        features: Tensor = self.network.layers(pixels)
        return features


def find_inception(weights: Path | None) -> Path:
    """The file of weights, downloaded as clean-fid does if it is nowhere; raises AlphabarError."""
    if found := find_inception_file(weights):
        return found
    folders = weights_folders(weights)
    try:
        return download(inception_url, folders[0])
    except OSError as error:
        looked = (*folders, Path(tempfile.gettempdir()))
        raise missing_weights(Inception.name, INCEPTION_FILES, looked, error) from error
