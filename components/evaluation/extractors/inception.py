"""clean-fid's Inception with clean-fid's resize: the extractor of the published FID and KID."""

import os
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
    file_digest,
    find_file,
    loading,
    missing_weights,
    weights_folders,
)
from components.evaluation.images.clean_resize import CLEAN_SIZE, clean_resize
from components.runtime import Progress, silent

FILES = ("inception-2015-12-05.pt", "pt_inception-2015-12-05-6726825d.pth")
"""clean-fid's TorchScript, and the same network's tensors as pytorch-fid publishes them."""

_BATCH = 32


class Inception:
    """2,048 pooled features; always at 299 pixels, with clean-fid's resize.

    Args:
        device: where it computes.
        weights: a folder that may hold one of `FILES`, before the others are looked through.

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
        return file_digest(self.path)

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
        features: Tensor = self.network.layers((pixels - 128) / 128)
        return features.flatten(start_dim=1)


def find_inception(weights: Path | None) -> Path:
    """The file of weights, downloaded as clean-fid does if it is nowhere; raises AlphabarError.

    Last it is looked for where clean-fid itself leaves it: the folder for temporary files, which
    all users share, so that only a file of this user's or the system's own is taken from there.
    """
    folders = weights_folders(weights)
    if found := find_file(FILES, folders):
        return found
    shared = Path(tempfile.gettempdir())
    if (found := find_file(FILES[:1], (shared,))) and found.stat().st_uid in (0, os.getuid()):
        return found
    try:
        return download(inception_url, folders[0])
    except OSError as error:
        raise missing_weights(Inception.name, FILES, (*folders, shared), error) from error
