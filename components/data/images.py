"""Opening image files that may be hostile, and bringing images to square arrays."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from components.data.decoding import flattened, has_grey_values, unread
from components.data.squares import FITS
from components.errors import AlphabarError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

MAX_PIXELS = 50_000_000
"""Larger images are refused before they are decoded: 50 megapixels are 150 MB as RGB."""

KINDS = "PNG, JPEG, WebP, BMP, GIF or TIFF"
"""What is read, in words."""

SUFFIXES = frozenset({"png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "gif", "tif", "tiff"})
"""A file so called is meant to be an image, whatever it holds."""

_HEAD = 4096
"""Bytes of a file by which its format is told."""

_SEVERAL = frozenset({"GIF", "TIFF"})
"""Formats whose frames only their decoder can count."""


def is_image(path: Path) -> bool:
    """Whether a file is an image by its content, or claims to be one by its suffix.

    Raises:
        AlphabarError: it cannot be read.
    """
    return path.suffix.removeprefix(".").lower() in SUFFIXES or _format(_head(path)) is not None


def suffix_of(content: bytes) -> str:
    """What the name of an image file with this content ends in; empty where it is no image."""
    kind = _format(content[:_HEAD])
    return f".{kind.lower()}" if kind else ""


def is_animated(path: Path) -> bool:
    """Whether a file has several frames or pages, of which the first one is taken.

    The smaller pictures that phones put behind a JPEG are not frames. Raises AlphabarError as
    `open_image` does.
    """
    head = _head(path)
    kind = _format(head)
    if kind == "PNG":
        return b"acTL" in head and head.index(b"acTL") < (head + b"IDAT").index(b"IDAT")
    if kind == "WEBP":
        return head[12:16] == b"VP8X" and bool(head[20] & 2)
    if kind not in _SEVERAL:
        return False
    with open_image(path) as image:
        try:
            return bool(image.is_animated)  # type: ignore[attr-defined]
        except Exception as error:  # decoders raise what they like on hostile bytes
            raise _corrupt(path, error) from error


def is_grey(path: Path) -> bool:
    """Whether the file's header says grey values. Raises AlphabarError as `open_image` does."""
    with open_image(path) as image:
        return has_grey_values(image)


def is_square(path: Path) -> bool:
    """Whether its sides are equal, by the header. Raises AlphabarError as `open_image` does."""
    with open_image(path) as image:
        return image.width == image.height


def check_image(path: Path) -> bytes:
    """Decode the whole file; raises AlphabarError as `open_image` does, or when it is corrupt.

    Returns:
        a digest of its pixels as they are read here, and of its width and height.
    """
    image = _upright(path, grey=False)
    digest = hashlib.blake2b(f"{image.size}\n".encode(), digest_size=16)
    digest.update(image.tobytes())
    return digest.digest()


def open_image(path: Path) -> "Image.Image":
    """Open an image file and read its header; no pixel is decoded.

    The format is told by the content, never by the suffix. Of an animation or of several pages
    the first one is meant, of a JPEG with further pictures behind it (MPO) the first picture.

    Raises:
        AlphabarError: the content is none of `KINDS`, it has more than `MAX_PIXELS` pixels, or
            values whose white is not known (floats, 32-bit integers).
    """
    from PIL import Image

    kind = _format(_head(path))
    if kind is None:
        raise AlphabarError(
            f"{path} is not an image that is read here: its content is not {KINDS}",
            f"convert it to {KINDS}, or remove it",
        )
    try:
        with warnings.catch_warnings():
            # Pillow's own limit lies above ours, and what it says of odd headers helps nobody
            warnings.simplefilter("ignore")
            image = Image.open(path, formats=(kind, "MPO") if kind == "JPEG" else (kind,))
    except Image.DecompressionBombError:
        raise _too_large(path, f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0)}") from None
    except Exception as error:  # decoders raise what they like on hostile bytes
        raise AlphabarError(
            f"{path} cannot be opened as {kind}: {_said(error)}", "replace or remove the image"
        ) from error
    # an uncompressed file is mapped by its name, and a turned TIFF then read with its sides changed
    image.filename = ""
    if fault := _header_fault(path, image):
        image.close()
        raise fault
    return image


def square_pixels(path: Path, size: int, *, grey: bool, fit: str = "crop") -> "NDArray[np.uint8]":
    """The image as uint8 (size, size, channel), channel 1 when ``grey`` and 3 otherwise.

    Turned upright as its EXIF says, laid on white where it is transparent, made square as ``fit``
    says, a name of `FITS`. An image of that size already keeps its values bit for bit. Every other
    one is resampled with one filter, so that sharpness does not tell which files were large.

    Raises:
        AlphabarError: as `open_image`, or the file is truncated or corrupt.
    """
    import numpy as np

    image = FITS[fit](_upright(path, grey), size)
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
    with open_image(path) as file:
        try:
            return flattened(file, lambda: open_image(path)).convert("L" if grey else "RGB")
        except Exception as error:  # hostile bytes, a broken EXIF block, an impossible palette
            raise _corrupt(path, error) from error


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise AlphabarError(
            f"{path} cannot be read: {error.strerror}", "make it readable, or remove it"
        ) from error


def _format(head: bytes) -> str | None:
    """Pillow's name of the format whose files begin so."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith(b"BM") and head[14:18] in _BMP_HEADERS:
        return "BMP"
    return None


_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}
"""Sizes of BMP's second header; two letters alone may begin a text."""


def _header_fault(path: Path, image: "Image.Image") -> AlphabarError | None:
    if image.width * image.height > MAX_PIXELS:
        return _too_large(path, f"{image.width} x {image.height}")
    if found := unread(image):
        return AlphabarError(
            f"{path} has {found}", "save it with 8 or 16 bits a channel, grey or RGB"
        )
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
