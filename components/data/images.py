"""Opening image files that may be hostile, and bringing images to square arrays."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

MAX_PIXELS = 50_000_000
"""Larger images are refused before they are decoded: 50 megapixels are 150 MB as RGB."""

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP"}
"""Suffix → the one decoder that is tried for it."""

_GREY_MODES = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L")


def is_grey(path: Path) -> bool:
    """Whether the file's header says grey values. Raises AlphabarError as `open_image` does."""
    with open_image(path) as image:
        return image.mode in _GREY_MODES


def check_image(path: Path) -> None:
    """Decode the whole file; raises AlphabarError as `open_image` does, or when it is corrupt."""
    with open_image(path) as image:
        _decode(path, image)


def open_image(path: Path) -> "Image.Image":
    """Open an image file and read its header; no pixel is decoded.

    Raises:
        AlphabarError: the suffix is none of `FORMATS`, the content is not of that format, the
            image has several frames, or more than `MAX_PIXELS` pixels.
    """
    from PIL import Image

    expected = FORMATS.get(path.suffix.lower())
    if expected is None:
        raise AlphabarError(
            f"{path} is not an image file that is read here", f"convert it to {_suffixes()}"
        )
    try:
        with warnings.catch_warnings():
            # Pillow's own limit lies above ours and would only print a second message
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=(expected,))
    except Image.DecompressionBombError:
        raise _too_large(path, f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0)}") from None
    except Exception as error:  # decoders raise what they like on hostile bytes
        raise AlphabarError(
            f"{path} cannot be opened as {expected}: {_said(error)}",
            "replace or remove the image; its suffix must name its format",
        ) from error
    fault = _header_fault(path, image)
    if fault:
        image.close()
        raise fault
    return image


def square_pixels(path: Path, size: int, *, grey: bool) -> "NDArray[np.uint8]":
    """The image as uint8 (size, size, channel), channel 1 when ``grey`` and 3 otherwise.

    Turned upright as its EXIF says, laid on white where it is transparent, cropped to its
    central square. An image of that size already keeps its values bit for bit. Every other
    one is resampled with Lanczos-3, which Pillow widens with the scale so that shrinking does
    not alias; one filter for all, so that sharpness does not tell which files were large.

    Raises:
        AlphabarError: as `open_image`, or the file is truncated or corrupt.
    """
    import numpy as np
    from PIL import Image

    image = _upright(path, grey)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    if side != size:
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.uint8).reshape(size, size, 1 if grey else 3)


def whole_pixels(path: Path) -> "NDArray[np.uint8]":
    """The image as it is, uint8 (height, width, 3).

    Turned upright as its EXIF says, laid on white where it is transparent; neither cropped nor
    resampled.

    Raises:
        AlphabarError: as `open_image`, or the file is truncated or corrupt.
    """
    import numpy as np

    return np.asarray(_upright(path, grey=False), dtype=np.uint8)


def svg_pixels(path: Path, size: int) -> "NDArray[np.uint8]":
    """A square SVG drawing on white as uint8 (size, size, 3), drawn at that size by resvg.

    Fonts of the machine are left aside, so that every machine draws the same.

    Raises:
        AlphabarError: the file is not a square SVG.
    """
    import numpy as np
    import resvg_py
    from PIL import Image

    try:
        text = path.read_bytes().decode()
        png = resvg_py.svg_to_bytes(
            svg_string=text, width=size, height=size, background="white", skip_system_fonts=True
        )
    except ValueError as error:
        raise AlphabarError(
            f"{path} cannot be drawn: {_said(error)}",
            "restore it with `alphabar data fetch --force`",
        ) from error
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        if image.size != (size, size):
            raise AlphabarError(f"{path} is not square", "restore the file")
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _upright(path: Path, grey: bool) -> "Image.Image":
    """The whole image, decoded, as L or RGB with 8 bits; raises AlphabarError."""
    from PIL import ImageOps

    with open_image(path) as file:
        _decode(path, file)
        try:
            return _flat(ImageOps.exif_transpose(file), grey)
        except Exception as error:  # a broken EXIF block, an impossible palette
            raise _corrupt(path, error) from error


def _flat(image: "Image.Image", grey: bool) -> "Image.Image":
    """``image`` without transparency, as L or RGB with 8 bits."""
    import numpy as np
    from PIL import Image

    if image.has_transparency_data:
        colours = image.convert("RGBA")
        white = Image.new("RGBA", colours.size, "white")
        image = Image.alpha_composite(white, colours)
    if image.mode.startswith("I;16"):  # Pillow's own conversion clips at 255
        values = np.asarray(image, dtype=np.uint32)
        image = Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    return image.convert("L" if grey else "RGB")


def _decode(path: Path, image: "Image.Image") -> None:
    try:
        image.load()
    except Exception as error:  # decoders raise what they like on hostile bytes
        raise _corrupt(path, error) from error


def _header_fault(path: Path, image: "Image.Image") -> AlphabarError | None:
    if image.width * image.height > MAX_PIXELS:
        return _too_large(path, f"{image.width} x {image.height}")
    if getattr(image, "n_frames", 1) != 1:
        return AlphabarError(f"{path} is animated", "save the one frame that you mean")
    return None


def _too_large(path: Path, pixels: str) -> AlphabarError:
    limit = MAX_PIXELS // 1_000_000
    return AlphabarError(
        f"{path} has {pixels} pixels, the limit is {limit} megapixels", "shrink or remove the image"
    )


def _corrupt(path: Path, error: Exception) -> AlphabarError:
    return AlphabarError(
        f"{path} is corrupt or cut off: {_said(error)}", "replace or remove the image"
    )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _suffixes() -> str:
    return ", ".join(sorted(suffix.removeprefix(".") for suffix in FORMATS))
