"""From a decoder's samples to 8-bit pixels on white, upright.

Transparency is taken at the file's own depth and the result rounded once. Pillow alone would
lay 16-bit grey on white before it is scaled, cut colours of 16 bits to their high byte, and
compare the transparent level of 1, 2 and 4 bits with scaled values.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

_MODES = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
    | {"I;16", "I;16B", "I;16L"}
)
"""Pillow's modes that are read. Its "I" and "F" say nothing about which value is white."""

_DEEP_GREY = frozenset({"I;16", "I;16B", "I;16L"})
_GREY = frozenset({"1", "L", "LA", "La"}) | _DEEP_GREY
_LEVELS = {"1": 1, "L;2": 3, "L;4": 15}
"""Raw mode → the largest sample, where a grey PNG has less than 8 bits."""

_BAND = 2**20
"""Samples that are laid on white at once, so that memory stays near that of the image."""

_ORIENTATION = 0x0112
_WHITE_IS_ZERO, _PHOTOMETRIC = 0, 262


@dataclass(frozen=True)
class _Pixels:
    """Samples of ``maximum`` + 1 levels: colour (height, width, 1 or 3), alpha (height, width)."""

    colour: "NDArray[Any]"
    alpha: "NDArray[Any] | None"
    maximum: int


def has_grey_values(image: "Image.Image") -> bool:
    """Whether an image that is not decoded yet has grey values, by its header."""
    return image.mode in _GREY or _raw_mode(image) == "LA;16B"


def unread(image: "Image.Image") -> str | None:
    """What an opened image holds that is not read, in words; None where all is well."""
    if image.mode not in _MODES:
        return f"values of Pillow's mode {image.mode}, in which white is not defined"
    raw = _raw_mode(image)
    kind, deep, order = raw.partition(";16")
    read = kind in ("RGB", "RGBX", "RGBA") and order in ("B", "L", "N")
    if deep and image.mode not in _DEEP_GREY and raw != "LA;16B" and not read:
        return f"16 bits a channel as {kind}"
    return None


def flattened(image: "Image.Image", reopen: "Callable[[], Image.Image]") -> "Image.Image":
    """The image as L or RGB with 8 bits: on white where it is transparent, upright as EXIF says.

    Args:
        image: opened, not decoded yet, and `unread` finds nothing in it.
        reopen: opens the same file once more: colours of 16 bits are decoded a byte at a time.

    Raises:
        Exception: what decoders raise on broken bytes.
    """
    from PIL import Image

    raw = _raw_mode(image)
    deep_colour = ";16" in raw and image.mode not in _DEEP_GREY
    pixels = _deep_colours(image, raw, reopen) if deep_colour else _loaded(image, raw)
    levels = _on_white(pixels)
    flat = Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return flat if turn is None else flat.transpose(Image.Transpose(turn))


_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""EXIF's orientation → `PIL.Image.Transpose` that undoes it."""


def _raw_mode(image: "Image.Image") -> str:
    """How the samples lie in the file, in Pillow's words; empty where it has none."""
    args = getattr(image, "tile", None) and image.tile[0].args  # type: ignore[attr-defined]
    raw = args[0] if isinstance(args, tuple) and args else args
    return raw if isinstance(raw, str) else ""


def _loaded(image: "Image.Image", raw: str) -> _Pixels:
    """Of everything but colours of 16 bits."""
    import numpy as np

    image.load()
    if image.mode in _DEEP_GREY:
        values = np.asarray(image).astype(np.uint16)[..., None]
        maximum = 4095 if raw.startswith("I;12") else 65535
        if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
            values = maximum - values
        return _with_key(image, _Pixels(values, None, maximum), 65535)
    if image.mode in ("1", "L", "RGB"):
        values = np.asarray(image.convert("L") if image.mode == "1" else image)
        colour = values if image.mode == "RGB" else values[..., None]
        return _with_key(image, _Pixels(colour, None, 255), _LEVELS.get(raw, 255))
    if image.mode in ("LA", "La"):
        both = np.asarray(image.convert("LA"))
        return _Pixels(both[..., :1], both[..., 1], 255)
    if image.has_transparency_data:
        four = np.asarray(image.convert("RGBA"))
        return _Pixels(four[..., :3], four[..., 3], 255)
    return _Pixels(np.asarray(image.convert("RGB")), None, 255)


def _deep_colours(image: "Image.Image", raw: str, reopen: "Callable[[], Image.Image]") -> _Pixels:
    """Of colours, and of grey with alpha, of 16 bits: the high bytes, and then the low ones."""
    import numpy as np

    if raw == "LA;16B":  # four bytes a pixel, as RGBA has
        four = _bytes_as(image, "RGBA").astype(np.uint16)
        return _Pixels(four[..., :1] << 8 | four[..., 1:2], four[..., 2] << 8 | four[..., 3], 65535)
    kind, _, order = raw.partition(";16")
    native = "L" if sys.byteorder == "little" else "B"
    other = "B" if (native if order == "N" else order) == "L" else "L"
    with reopen() as again:
        low = _bytes_as(again, f"{kind};16{other}")
    high = _bytes_as(image, raw)
    values = high.astype(np.uint16) << 8 | low
    alpha = values[..., 3] if values.shape[2] == 4 else None
    return _with_key(image, _Pixels(values[..., :3], alpha, 65535), 65535)


def _bytes_as(image: "Image.Image", raw: str) -> "NDArray[np.uint8]":
    """Decode the file's samples as if they lay as ``raw`` says."""
    import numpy as np

    tiles: Any = image.tile  # type: ignore[attr-defined]
    image.tile = [  # type: ignore[attr-defined]
        tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw)
        for tile in tiles
    ]
    image.load()
    return np.asarray(image)


def _with_key(image: "Image.Image", pixels: _Pixels, largest: int) -> _Pixels:
    """Transparent where the samples are the file's one transparent grey level or colour.

    Args:
        largest: sample of the file itself; the level is one of its samples, not of ours.
    """
    import numpy as np

    key = image.info.get("transparency")
    if pixels.alpha is not None or not isinstance(key, int | tuple):
        return pixels
    levels = np.atleast_1d(np.asarray(key, np.int64)) & largest
    clear = (pixels.colour == levels * pixels.maximum // largest).all(axis=2)
    alpha = np.where(clear, 0, pixels.maximum).astype(pixels.colour.dtype)
    return _Pixels(pixels.colour, alpha, pixels.maximum)


def _on_white(pixels: _Pixels) -> "NDArray[np.uint8]":
    """c α + white (1 − α) at the file's depth, rounded once to 8 bits."""
    import numpy as np

    if pixels.alpha is None and pixels.maximum == 255:
        return pixels.colour
    flat = np.empty(pixels.colour.shape, np.uint8)
    rows = max(1, _BAND // pixels.colour[0].size)
    for top in range(0, len(flat), rows):
        band = slice(top, top + rows)
        values, white = pixels.colour[band].astype(np.int64), pixels.maximum
        if pixels.alpha is not None:
            alpha = pixels.alpha[band].astype(np.int64)[..., None]
            values = values * alpha + white * (white - alpha)
            white *= white
        flat[band] = (values * 255 + white // 2) // white
    return flat
