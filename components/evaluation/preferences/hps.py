"""HPS v2: an open_clip model that was tuned on people's rankings of images of one prompt.

Wu et al., 2023, "Human Preference Score v2": the cosine alone.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as pictures

from components.errors import AlphabarError, first_of
from components.evaluation.extractors.batches import Reader
from components.evaluation.extractors.clip import lengths_of
from components.evaluation.extractors.engine import TorchEngine, torch_name
from components.evaluation.extractors.pillow import transformed
from components.evaluation.preferences.loading import absent, broken, reading
from components.evaluation.weights_files import find_clip_file
from components.files.digests import known_sha256
from components.files.weights_folders import weights_folders
from components.runtime import Progress, silent
from components.spec.catalogue.preferences import HPS_MODEL, hps_name

_BATCH = 16
_STATE = "state_dict"


class Hps:
    """An open_clip model with the weights that stand under ``state_dict`` in a checkpoint.

    Args:
        name: ``hps:FILE`` or ``hps:MODEL:FILE``, of which the file's name or ``@v2.1`` behind it
            says the version.
        device: where it computes.
        weights: a folder of weights, before the others are looked through.

    Attributes:
        scale: the score is the cosine itself.
        size: side that the image tower reads, pixels.

    Raises:
        AlphabarError: the file is nowhere, or open_clip has no such model.
        ValueError: the name tells no version.
    """

    scale = 1.0

    def __init__(self, name: str, device: torch.device, weights: Path | None = None) -> None:
        said = hps_name(name)
        self.given, self.device, self.model_name = name, device, said.model
        config = open_clip.get_model_config(said.model)
        if config is None:
            raise AlphabarError(
                f"`{name}`: open_clip has no model `{said.model}`",
                f"leave it away for {HPS_MODEL}, or give one of open_clip's: hps:MODEL:FILE",
            )
        path = find_clip_file(said.file, weights)
        if path is None:
            places = [folder / said.file for folder in (Path(), *weights_folders(weights))]
            raise absent(name, places)
        self.path, self.suffix = path, f"hps_{said.version}"
        self.key = known_sha256(path)
        self.name = f"{self.suffix} {self.key[:12]}"
        self.size: int = config["vision_cfg"].get("image_size", 224)
        self._dimension: int = config["embed_dim"]

    @property
    def engine(self) -> str:
        """What computes its embeddings, for records."""
        return torch_name()

    @property
    def resize(self) -> str:
        return f"torchvision tensor bicubic longest {self.size}px, padded black"

    @property
    def context_length(self) -> int:
        return int(self._tokenizer.context_length)

    def images(self, images: NDArray[np.uint8], progress: Progress = silent) -> NDArray[np.float32]:
        """Embeddings (n, dimension), of any length, of images (n, height, width, channel) uint8.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, there are none, or the
                checkpoint is broken or not of this model.
        """
        return self._reader(images, progress)

    def captions(self, captions: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings (n, dimension), of any length; what is behind 77 tokens is not read."""
        encoded = np.empty((len(captions), self._dimension), np.float32)
        with torch.inference_mode():
            for start in range(0, len(captions), _BATCH):
                rows = slice(start, start + _BATCH)
                tokens = self._tokenizer([*captions[rows]]).to(self.device)
                encoded[rows] = self._model.encode_text(tokens).float().cpu()
        return encoded

    def too_long(self, captions: Sequence[str]) -> int:
        return sum(n > self.context_length for n in lengths_of(self._tokenizer, captions))

    @cached_property
    def _reader(self) -> Reader:
        engine = TorchEngine(self._model.encode_image, self.device, _BATCH)
        return Reader(self.given, self._dimension, self._prepare, engine)

    def _prepare(self, images: NDArray[np.uint8]) -> Tensor:
        return transformed(images, self._pixels, self.device)

    def _pixels(self, image: Image.Image) -> Tensor:
        return hps_input(image, self.size)

    @cached_property
    def _tokenizer(self) -> Any:
        with reading(self.given, self.path):
            return open_clip.get_tokenizer(self.model_name)

    @cached_property
    def _model(self) -> Any:
        state = read_checkpoint(self.given, self.path)
        with reading(self.given, self.path), torch.random.fork_rng(devices=[]), _unwarned():
            model = open_clip.create_model(self.model_name)
        own = model.state_dict()
        if other := sorted(state.keys() ^ own.keys()):
            why = f"its weights are not of {self.model_name}: {first_of(other, most=3)}"
            raise broken(self.given, self.path, why)
        with reading(self.given, self.path):
            model.load_state_dict(state)
        return model.to(self.device).eval().requires_grad_(False)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Without open_clip's warning that weights are random, which they are for a moment only."""

    def other(record: logging.LogRecord) -> bool:
        return "initialized randomly" not in record.getMessage()

    root = logging.getLogger()
    root.addFilter(other)
    try:
        yield
    finally:
        root.removeFilter(other)


def read_checkpoint(name: str, path: Path) -> Mapping[str, Tensor]:
    """The tensors under ``state_dict``, read without running anything that the file holds.

    Raises:
        AlphabarError: the file is broken, holds other things than tensors and plain values, or has
            no such tensors.
    """
    with reading(name, path):
        found = torch.load(path, map_location="cpu", weights_only=True)
    state = found.get(_STATE) if isinstance(found, Mapping) else None
    if not isinstance(state, Mapping) or not state:
        raise broken(name, path, f"it has no weights under `{_STATE}`")
    if any(not isinstance(value, Tensor) for value in state.values()):
        raise broken(name, path, f"not all under `{_STATE}` are tensors")
    return state


def hps_input(image: Image.Image, size: int) -> Tensor:
    """An RGB image (3, size, size) as HPS v2's authors feed it.

    The longest side is brought to ``size`` by a bicubic resize of the tensor, antialiased, not cut
    to [0, 1]; the rest is black, the image in the middle; then CLIP's mean and deviation.
    """
    pixels: Tensor = pictures.to_tensor(image)
    height, width = pixels.shape[1:]
    scale = size / max(height, width)
    if scale != 1.0:
        sides = [max(round(side * scale), 1) for side in (height, width)]
        pixels = pictures.resize(pixels, sides, InterpolationMode.BICUBIC, antialias=True)
    below, right = size - pixels.shape[1], size - pixels.shape[2]
    around = [right // 2, below // 2, right - right // 2, below - below // 2]
    padded = pictures.pad(pixels, around, fill=0)
    scaled: Tensor = pictures.normalize(padded, OPENAI_DATASET_MEAN, OPENAI_DATASET_STD)
    return scaled
