"""Images and masks as the user gives them, made to fit a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.data.images import is_animated, open_image, square_pixels
from components.errors import AlphabarError
from components.networks.checkpoint import Checkpoint

FILLED = 128
"""The grey value from which a mask's pixel says: fill this anew."""


def read_images(paths: Sequence[Path], model: Checkpoint) -> tuple[NDArray[np.uint8], list[str]]:
    """Image files at the size and with the channels of those that ``model`` makes.

    Returns:
        (n, height, width, channel) uint8, and a sentence for each file that is shown otherwise
        than it is.

    Raises:
        AlphabarError: a file is missing or is none of the images that `open_image` reads.
    """
    channels, size, _ = model.image_shape
    notes = []
    for path in paths:
        width, height, mode = _header(path)
        wanted = "L" if channels == 1 else "RGB"
        if is_animated(path):
            notes.append(f"{path.name}: the first of several frames is taken")
        if (width, height, mode) != (size, size, wanted):
            cropped = ", its central square" if width != height else ""
            kind = "grey" if channels == 1 else "RGB"
            notes.append(
                f"{path.name}: {width} x {height} {mode}{cropped} taken as {size} x {size} {kind}"
            )
    images = [square_pixels(path, size, grey=channels == 1) for path in paths]
    return np.stack(images), notes


def read_mask(path: Path, image: Path, model: Checkpoint) -> NDArray[np.bool_]:
    """What of ``image`` is to be filled: (height, width), True where the mask is white.

    Raises:
        AlphabarError: the file is no image, it fits neither the image file nor the model, or it
            leaves nothing to draw.
    """
    _, size, _ = model.image_shape
    width, height, _ = _header(path)
    of_image = _header(image)[:2]
    if (width, height) not in (of_image, (size, size)):
        raise AlphabarError(
            f"the mask {path} is {width} x {height} pixels, the image {of_image[0]} x "
            f"{of_image[1]}, and the model draws {size} x {size}",
            "give a mask of the image's size",
        )
    filled: NDArray[np.bool_] = square_pixels(path, size, grey=True)[..., 0] >= FILLED
    if not filled.any():
        raise AlphabarError(
            f"the mask {path} is black all over: it leaves nothing to draw",
            "make white what is to be drawn",
        )
    return filled


def _header(path: Path) -> tuple[int, int, str]:
    """(width, height, mode) of an image file."""
    if not path.is_file():
        raise AlphabarError(f"there is no image {path}", "give the path of an image file")
    with open_image(path) as image:
        return image.width, image.height, image.mode
