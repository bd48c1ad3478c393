"""The sheet of samples: networks as rows, samplers as columns, the same rows in every tile."""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from components.data.grids import as_image, contact_sheet
from components.files.samples import Samples, spread
from components.reporting.pictures.font import font
from components.reporting.pictures.sheet import Sheet

LARGEST, READABLE = 96, 48
"""Images are shown at most this large on a sheet, and not smaller than this for the sake of more
of them, pixels."""
TILE, FEWER, MANY = 40, 20, 12
"""Images in a tile, about; and how many when there are more than so many tiles."""
BYTES = 1_000_000
"""What the pixels of all tiles may weigh: a page stays below 2 MB."""


@dataclass(frozen=True)
class Choice:
    """Which samples every tile shows.

    Attributes:
        positions: of the samples, row by row.
        columns: images a row; a class a column when the classes are few.
        largest: images with longer sides are averaged down to this, pixels.
    """

    positions: tuple[int, ...]
    columns: int
    largest: int = LARGEST


def choose(samples: Samples, tiles: int = 1) -> Choice:
    """The first samples of every class, a class a column; without classes the first ones.

    The more ``tiles`` there are, the fewer and the smaller the images in them, so that a page
    of many cells can still be loaded and taken in.
    """
    order = sorted(range(len(samples.rows)), key=lambda i: (samples.rows[i].class_index, i))
    classes = len({row.class_index for row in samples.rows})
    columns = classes if 2 <= classes <= 12 else min(8, len(order))
    side, channels = max(samples.images.shape[1:3]), samples.images.shape[3]
    rows = max(1, min((TILE if tiles <= MANY else FEWER), len(order)) // columns)
    while True:
        largest = math.isqrt(BYTES // (tiles * rows * columns * channels))
        if rows == 1 or largest >= min(side, READABLE):
            break
        rows -= 1
    positions = tuple(spread(samples.rows, columns * rows, order))
    return Choice(positions, columns, max(1, min(LARGEST, largest)))


def same_rows(one: Samples, other: Samples, choice: Choice) -> bool:
    """Whether both were asked for the same images (seed, class, caption) at these positions."""
    return all(p < len(other.rows) and one.rows[p] == other.rows[p] for p in choice.positions)


def tile(samples: Samples, choice: Choice) -> np.ndarray:
    """The chosen images as one sheet, uint8 (height, width, channel)."""
    positions = [p for p in choice.positions if p < len(samples.rows)]
    images = np.ascontiguousarray(samples.images[positions])
    return contact_sheet(reduced(images, choice.largest), choice.columns)


def strip(images: np.ndarray, count: int) -> np.ndarray:
    """The first ``count`` images in one row, uint8 (height, width, channel)."""
    shown = np.ascontiguousarray(images[:count])
    return contact_sheet(reduced(shown, LARGEST), len(shown))


def data_uri(array: np.ndarray) -> str:
    """The array as a PNG in a ``data:`` address."""
    buffer = io.BytesIO()
    as_image(array).save(buffer, format="PNG", compress_level=9)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def labelled_sheet(sheet: Sheet, choice: Choice) -> np.ndarray:
    """All tiles with their names on white: the picture for a README. uint8 (height, width, 3)."""
    tiles = {place: _rgb(tile(cell.samples, choice)) for place, cell in sheet.places.items()}
    height, width = (max(t.shape[axis] for t in tiles.values()) for axis in (0, 1))
    size = max(16, width // 22)
    typeface, gap = font(size), size
    left = max(_width(typeface, name) for name in sheet.rows) + 2 * gap
    step = max(width, *(_width(typeface, name) for name in sheet.columns)) + gap
    top = 2 * gap + size
    canvas = Image.new(
        "RGB", (left + step * len(sheet.columns), top + (height + gap) * len(sheet.rows)), "white"
    )
    pen = ImageDraw.Draw(canvas)
    for i, name in enumerate(sheet.columns):
        pen.text((left + i * step, gap), name, font=typeface, fill="#1c2128")
    for j, name in enumerate(sheet.rows):
        y = top + j * (height + gap)
        pen.text((gap, y + height // 2), name, font=typeface, fill="#1c2128", anchor="lm")
        for i, column in enumerate(sheet.columns):
            if (name, column) in tiles:
                canvas.paste(Image.fromarray(tiles[name, column]), (left + i * step, y))
    return np.asarray(canvas)


def reduced(images: np.ndarray, largest: int) -> np.ndarray:
    """Large images averaged down to ``largest`` pixels, small ones as they are."""
    factor = math.ceil(max(images.shape[1:3]) / largest)
    if factor == 1:
        return images
    small = [np.asarray(as_image(image).reduce(factor)) for image in images]
    return np.stack([image.reshape(*image.shape[:2], images.shape[3]) for image in small])


def _rgb(array: np.ndarray) -> np.ndarray:
    return np.broadcast_to(array, (*array.shape[:2], 3)) if array.shape[2] == 1 else array


def _width(typeface: ImageFont.FreeTypeFont, text: str) -> int:
    return math.ceil(typeface.getlength(text))
