"""How an image that is not square becomes one. To add a way: its function, its line here and in the
catalogue."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

WHITE = 255


def crop(image: "Image.Image", size: int) -> "Image.Image":
    """Its central square."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return _resized(image.crop((left, top, left + side, top + side)), (size, size))


def pad(image: "Image.Image", size: int) -> "Image.Image":
    """The whole of it in the middle of a white square: its longer side is the square's."""
    from PIL import Image

    side = max(image.size)
    inner = (max(1, round(image.width * size / side)), max(1, round(image.height * size / side)))
    white = WHITE if image.mode == "L" else (WHITE,) * 3
    square = Image.new(image.mode, (size, size), white)
    square.paste(_resized(image, inner), ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return square


def stretch(image: "Image.Image", size: int) -> "Image.Image":
    """The whole of it, its shorter side drawn out."""
    return _resized(image, (size, size))


def _resized(image: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """By Lanczos-3, which Pillow widens with the scale so that shrinking does not alias; one of
    that size already keeps its values bit for bit."""
    from PIL import Image

    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


FITS: dict[str, "Callable[[Image.Image, int], Image.Image]"] = {
    "crop": crop,
    "pad": pad,
    "stretch": stretch,
}
"""L or RGB of any sides, the side of the square → the square."""
