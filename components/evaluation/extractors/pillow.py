"""Arrays through the transforms of libraries that expect Pillow images."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from components.evaluation.images.pixels import on_device

Transform = Callable[[Image.Image], Tensor]
"""An RGB image to (3, height, width) float32."""


def transformed(images: NDArray[np.uint8], transform: Transform, device: torch.device) -> Tensor:
    """(n, 3, height, width): each of ``images`` (n, height, width, 1 or 3) uint8 in RGB."""

    def one(image: NDArray[np.uint8]) -> Tensor:
        colour = np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
        return transform(Image.fromarray(colour))

    with ThreadPoolExecutor() as pool:
        return on_device(torch.stack(list(pool.map(one, images))), device)
