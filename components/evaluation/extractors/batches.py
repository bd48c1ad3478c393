"""Images through a network, a batch at a time, into one array."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError
from components.evaluation.images.pixels import check_images
from components.runtime import Progress, silent

Encode = Callable[[NDArray[np.uint8]], Tensor]
"""A batch of images (b, height, width, channel) uint8 to its features (b, d)."""


def extract_features(
    encode: Encode,
    images: NDArray[np.uint8],
    dimension: int,
    step: int,
    extractor: str,
    progress: Progress = silent,
) -> NDArray[np.float32]:
    """Features (n, dimension) float32, in memory once, of ``step`` images at a time.

    Raises:
        AlphabarError: the images are not uint8 with 1 or 3 channels, there are none, or the
            network ``extractor`` gives something that is not a finite number.
    """
    check_images(images)
    features = np.empty((len(images), dimension), np.float32)
    with torch.inference_mode(), repeatable_convolutions():
        for start in range(0, len(images), step):
            rows = slice(start, start + step)
            features[rows] = encode(images[rows]).float().cpu().numpy()
            _check_finite(features[rows], start, extractor)
            progress(min(rows.stop, len(images)), len(images), "image features")
    return features


def _check_finite(features: NDArray[np.float32], start: int, extractor: str) -> None:
    bad = ~np.isfinite(features).all(axis=1)
    if bad.any():
        raise AlphabarError(
            f"the extractor `{extractor}` gives NaN or infinite features, first for image "
            f"{start + int(bad.argmax())}",
            "its weights are broken or do not belong to it: give others, or choose another "
            "extractor",
        )


@contextmanager
def repeatable_convolutions() -> Iterator[None]:
    """Let a GPU neither choose kernels by timing nor round to TF32: both move the features."""
    backend = torch.backends.cudnn
    with backend.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield
