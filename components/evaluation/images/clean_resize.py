"""clean-fid's resize: Pillow's bicubic on floats, channel by channel, not rounded to eight bits."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from cleanfid.resize import build_resizer
from numpy.typing import NDArray
from PIL import Image

CLEAN_SIZE = 299
"""Side that Inception reads, pixels."""

_resized = build_resizer("clean")


def clean_resize(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Images resized by `cleanfid.resize` (Parmar et al., 2022), several at once.

    Grey ones are resized once and repeated, where clean-fid resizes three equal channels: the
    same to the bit, in about half the time.

    Args:
        images: (n, height, width, channel) uint8, channel 1 or 3.

    Returns:
        (n, 299, 299, 3) float32 in [0, 255].
    """
    resized = np.empty((len(images), CLEAN_SIZE, CLEAN_SIZE, 3), np.float32)
    resize = _resized_grey if images.shape[3] == 1 else _resized

    def fill(row: int) -> None:
        resized[row] = resize(images[row])

    if len(images) == 1:
        fill(0)
        return resized
    with ThreadPoolExecutor() as pool:  # Pillow lets other threads run while it resizes
        list(pool.map(fill, range(len(images))))
    return resized


def _resized_grey(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(height, width, 1) → (299, 299, 1), which fills three channels."""
    plane = Image.fromarray(image[:, :, 0].astype(np.float32))
    plane = plane.resize((CLEAN_SIZE, CLEAN_SIZE), Image.Resampling.BICUBIC)
    return np.asarray(plane).clip(0, 255)[..., None]
