"""Contact sheets: many small images as one picture, and PNG files with the same bytes each time."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

VISIBLE = 48
"""The side in pixels, at least, that small images are enlarged to on a sheet."""


def contact_sheet(
    images: np.ndarray, columns: int, scale: int | None = None, background: int = 128
) -> np.ndarray:
    """Lay images out row by row with thin gaps between them.

    Args:
        images: uint8 (n, height, width, channel), channel 1 or 3, n at least 1.
        columns: images a row; the last row may be short.
        scale: whole number that each image is enlarged by (nearest neighbour, so that a pixel
            stays a square); None makes the shorter side at least `VISIBLE` pixels.
        background: grey level of the gaps and of a short row's rest.

    Returns:
        uint8 (rows * tile height + gaps, columns * tile width + gaps, channel).

    Raises:
        ValueError: the array is not a batch of images, or ``columns`` or ``scale`` is below 1.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        given = f"{images.dtype} {images.shape}"
        raise ValueError(f"uint8 (n, height, width, 1 or 3) expected, not {given}")
    if len(images) == 0:
        raise ValueError("a contact sheet needs at least one image")
    if columns < 1 or (scale is not None and scale < 1):
        raise ValueError(f"columns ({columns}) and scale ({scale}) must be at least 1")
    factor = visible_scale(images.shape[1], images.shape[2]) if scale is None else scale
    tiles = images.repeat(factor, axis=1).repeat(factor, axis=2)
    count, height, width, channels = tiles.shape
    columns = min(columns, count)
    rows, gap = math.ceil(count / columns), _gap(height, width)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    sheet = np.full(shape, background, dtype=np.uint8)
    for index, tile in enumerate(tiles):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def tile(sheet: np.ndarray, grid: tuple[int, int], at: tuple[int, int]) -> np.ndarray:
    """One image of a `contact_sheet`, as large as it is there.

    Args:
        sheet: uint8 (height, width, channel), as `contact_sheet` gives it.
        grid: rows and columns of the sheet.
        at: row and column of the image, from 0.

    Returns:
        uint8 (tile height, tile width, channel).

    Raises:
        ValueError: it is no sheet of so many rows and columns, or has no such row or column.
    """
    (rows, columns), (row, column) = grid, at
    if not (0 <= row < rows and 0 <= column < columns):
        raise ValueError(f"a sheet of {rows} rows and {columns} columns has no image at {at}")
    for gap in range(1, 1 + _gap(*sheet.shape[:2])):
        height, odd_height = divmod(sheet.shape[0] + gap, rows)
        width, odd_width = divmod(sheet.shape[1] + gap, columns)
        if not (odd_height or odd_width) and _gap(height - gap, width - gap) == gap:
            top, left = row * height, column * width
            return sheet[top : top + height - gap, left : left + width - gap]
    size = "x".join(map(str, sheet.shape[:2]))
    raise ValueError(f"a picture of {size} pixels is no sheet of {rows} rows, {columns} columns")


def _gap(height: int, width: int) -> int:
    """Pixels between tiles of that size."""
    return max(1, min(height, width) // 24)


def visible_scale(height: int, width: int) -> int:
    """The whole factor that brings the shorter side to at least `VISIBLE` pixels."""
    return max(1, math.ceil(VISIBLE / min(height, width)))


def save_png(path: Path, array: np.ndarray, about: Mapping[str, str] | None = None) -> None:
    """Write uint8 (height, width) or (height, width, 1 or 3) as PNG.

    The same array and texts give the same bytes (with the same Pillow).

    Args:
        about: text chunks, keyword (Latin-1, at most 79 letters) → text; none writes no metadata.
    """
    chunks = PngInfo()
    for keyword, text in (about or {}).items():
        chunks.add_text(keyword, text)
    as_image(array).save(path, format="PNG", compress_level=9, pnginfo=chunks)


def as_image(array: np.ndarray) -> Image.Image:
    """Pillow's image of a uint8 (height, width) or (height, width, 1 or 3) array."""
    plane = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    return Image.fromarray(np.ascontiguousarray(plane))
