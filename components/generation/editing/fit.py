"""Whether images and masks are a model's."""

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError, number_of
from components.generation.sampler import Sampler


def check_editable(sampler: Sampler, images: NDArray[np.uint8]) -> None:
    """Raise AlphabarError unless ``images`` have the shape of those that the model makes."""
    channels, height, width = sampler.model.image_shape
    if images.shape[1:] != (height, width, channels):
        raise AlphabarError(
            f"images of shape {images.shape[1:]} cannot be edited",
            f"give images of {_size((height, width))} pixels with {number_of(channels, 'channel')}",
        )


def check_mask(known: NDArray[np.bool_], images: NDArray[np.uint8]) -> None:
    """Raise AlphabarError unless ``known`` is of the images' size and leaves something to fill."""
    if known.shape != images.shape[1:3]:
        raise AlphabarError(
            f"the mask is {_size(known.shape)} pixels, the image {_size(images.shape[1:3])}",
            "give a mask of the image's size",
        )
    if bool(known.all()):
        raise AlphabarError("the mask leaves nothing to draw", "make white what is to be drawn")


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
