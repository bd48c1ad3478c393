"""The sheet of samples: networks as rows, samplers as columns, the same rows in every tile."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from components.data.grids import as_image, contact_sheet
from components.preference.samples import Samples, spread
from components.reporting.cells import Cell

LARGEST = 96
"""Images are shown at most this large on a sheet, pixels."""
TILE = 40
"""Images in a tile, about."""


@dataclass(frozen=True)
class Choice:
    """Which samples every tile shows.

    Attributes:
        positions: of the samples, row by row.
        columns: images a row; a class a column when the classes are few.
    """

    positions: tuple[int, ...]
    columns: int


def choose(samples: Samples) -> Choice:
    """The first samples of every class, a class a column; without classes the first ones."""
    order = sorted(range(len(samples.rows)), key=lambda i: (samples.rows[i].class_index, i))
    classes = len({row.class_index for row in samples.rows})
    columns = classes if 2 <= classes <= 12 else min(8, len(order))
    rows = max(1, min(TILE // columns, len(order) // columns))
    return Choice(tuple(spread(samples.rows, columns * rows, order)), columns)


def same_rows(one: Samples, other: Samples, choice: Choice) -> bool:
    """Whether both were asked for the same images (seed, class, caption) at these positions."""
    return all(p < len(other.rows) and one.rows[p] == other.rows[p] for p in choice.positions)


def tile(samples: Samples, choice: Choice) -> np.ndarray:
    """The chosen images as one sheet, uint8 (height, width, channel)."""
    positions = [p for p in choice.positions if p < len(samples.rows)]
    images = np.ascontiguousarray(samples.images[positions])
    return contact_sheet(_reduced(images), choice.columns)


def data_uri(array: np.ndarray) -> str:
    """The array as a PNG in a ``data:`` address."""
    buffer = io.BytesIO()
    as_image(array).save(buffer, format="PNG", compress_level=9)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def labelled_sheet(cells: Sequence[Cell], choice: Choice) -> np.ndarray:
    """All tiles with their names on white: the picture for a README. uint8 (height, width, 3)."""
    models, samplers = axes(cells)
    tiles = {(cell.model, cell.sampler): _rgb(tile(cell.samples, choice)) for cell in cells}
    height, width = (max(t.shape[axis] for t in tiles.values()) for axis in (0, 1))
    size = max(16, width // 22)
    font, gap = _font(size), size
    left = max(_width(font, name) for name in models) + 2 * gap
    columns = max(width, *(_width(font, name) for name in samplers)) + gap
    top = 2 * gap + size
    canvas = Image.new(
        "RGB", (left + columns * len(samplers), top + (height + gap) * len(models)), "white"
    )
    draw = ImageDraw.Draw(canvas)
    for i, name in enumerate(samplers):
        draw.text((left + i * columns, gap), name, font=font, fill="#1c2128")
    for j, name in enumerate(models):
        y = top + j * (height + gap)
        draw.text((gap, y + height // 2), name, font=font, fill="#1c2128", anchor="lm")
        for i, sampler in enumerate(samplers):
            if (name, sampler) in tiles:
                canvas.paste(Image.fromarray(tiles[name, sampler]), (left + i * columns, y))
    return np.asarray(canvas)


def axes(cells: Sequence[Cell]) -> tuple[list[str], list[str]]:
    """The rows' names (networks) and the columns' (samplers), in the order of the plan."""
    return list(dict.fromkeys(c.model for c in cells)), list(
        dict.fromkeys(c.sampler for c in cells)
    )


def _reduced(images: np.ndarray) -> np.ndarray:
    """Large images averaged down to `LARGEST` pixels, small ones as they are."""
    factor = math.ceil(max(images.shape[1:3]) / LARGEST)
    if factor == 1:
        return images
    small = [np.asarray(as_image(image).reduce(factor)) for image in images]
    return np.stack([image.reshape(*image.shape[:2], images.shape[3]) for image in small])


def _rgb(array: np.ndarray) -> np.ndarray:
    return np.broadcast_to(array, (*array.shape[:2], 3)) if array.shape[2] == 1 else array


def _font(size: int) -> ImageFont.FreeTypeFont:
    # Matplotlib carries this font: the sheet looks the same on a machine without any
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(path), size)


def _width(font: ImageFont.FreeTypeFont, text: str) -> int:
    return math.ceil(font.getlength(text))
