"""clean-fid's resize: Pillow's bicubic on floats, channel by channel, not rounded to eight bits."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLEAN_SIZE = 299
"""Side that Inception reads, pixels."""


def clean_resize(images: NDArray[np.uint8], size: int = CLEAN_SIZE) -> NDArray[np.float32]:
    """Images resized as by `cleanfid.resize`, to the bit (Parmar et al., 2022).

    Args:
        images: (n, height, width, channel) uint8, channel 1 or 3; grey is repeated.

    Returns:
        (n, size, size, 3) float32 in [0, 255].
    """
    resized = np.empty((len(images), size, size, 3), np.float32)

    def fill(row: int) -> None:
        for channel in range(images.shape[3]):
            plane = Image.fromarray(images[row, :, :, channel].astype(np.float32))
            plane = plane.resize((size, size), Image.Resampling.BICUBIC)
            resized[row, :, :, channel:] = np.asarray(plane).clip(0, 255)[..., None]

    with ThreadPoolExecutor() as pool:  # Pillow lets other threads run while it resizes
        list(pool.map(fill, range(len(images))))
    return resized
