"""clean-fid's Inception with clean-fid's resize: the extractor of the published FID and KID."""

import tempfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from cleanfid.downloads_helper import inception_url
from numpy.typing import NDArray
from torch import Tensor

from components.evaluation.extractors.batches import Reader
from components.evaluation.extractors.engine import Engine, Part, TorchEngine, torch_name
from components.evaluation.extractors.folding import fold
from components.evaluation.extractors.inception_network import (
    FEATURES,
    SCRIPT,
    InceptionNetwork,
    load_inception,
)
from components.evaluation.extractors.onnx_runtime import build_engine, engine_name
from components.evaluation.extractors.weights import (
    download,
    loading,
    missing_weights,
)
from components.evaluation.images.clean_resize import CLEAN_SIZE, clean_resize
from components.evaluation.images.pixels import on_device, probe_of
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
    @torch.inference_mode(False)
    def network(self) -> InceptionNetwork:
        """The network, loaded when it is first needed; raises AlphabarError."""
        with loading(self.name, self.path):
            return load_inception(self.path)

    @property
    def engine(self) -> str:
        """What computes its features, for records: the TorchScript file stays with torch."""
        return torch_name() if self._scripted else engine_name(self.device)

    @cached_property
    @torch.inference_mode(False)
    def reader(self) -> Reader:
        """The network in its engine, loaded when it is first needed; raises AlphabarError."""
        layers, probe = self.network.layers, (probe_of(CLEAN_SIZE) + 1) * 127.5
        if self._scripted:
            engine: Engine = TorchEngine(layers.to(self.device), self.device, _BATCH)
        else:
            fold(layers, probe)
            engine = build_engine(layers, probe, self.device, _BATCH)
        return Reader(self.name, self.dimension, self._prepare, engine)

    @property
    def _scripted(self) -> bool:
        return self.path.suffix == SCRIPT

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Features (n, 2048) float32 of images (n, height, width, channel) uint8.

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

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 1008) without the classifier's bias, as the published Inception Score takes them."""
        logits: NDArray[np.float32] = features @ self.network.classifier.numpy().T
        return logits

    def _prepare(self, images: NDArray[np.uint8]) -> Tensor:
        return on_device(torch.from_numpy(clean_resize(images)), self.device).permute(0, 3, 1, 2)


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
