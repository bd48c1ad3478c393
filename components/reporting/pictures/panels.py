"""Images side by side, each under its name: what an editing command shows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from components.data.grids import as_image
from components.reporting.pictures.font import font

VISIBLE = 144
"""The side in pixels, at least, that small images are enlarged to, each pixel a square."""
MARGIN, SIZE = 14, 15
INK, PAPER = "#1c2128", "white"
ELLIPSIS = "…"


@dataclass(frozen=True)
class Panel:
    """One image of a picture.

    Attributes:
        image: uint8 (height, width, 1 or 3).
        label: stands above it, cut off where it is wider than the image.
    """

    image: NDArray[np.uint8]
    label: str


def labelled_rows(rows: Sequence[Sequence[Panel]], title: str) -> NDArray[np.uint8]:
    """The panels row by row on white under ``title``, uint8 (height, width, 3).

    All images are enlarged by one whole factor, nearest neighbour.

    Args:
        rows: at least one panel, all images of one size; rows may differ in length.
        title: broken into lines at the picture's width.
    """
    height, width = rows[0][0].image.shape[:2]
    factor = max(1, math.ceil(VISIBLE / min(height, width)))
    height, width = height * factor, width * factor
    typeface, line = font(SIZE), math.ceil(SIZE * 1.4)
    step = width + MARGIN
    whole = max(len(row) for row in rows) * step + MARGIN
    lines = broken(title, typeface, whole - 2 * MARGIN)
    top = MARGIN + len(lines) * line + MARGIN // 2
    canvas = Image.new("RGB", (whole, top + (line + height + MARGIN) * len(rows)), PAPER)
    pen = ImageDraw.Draw(canvas)
    for i, text in enumerate(lines):
        pen.text((MARGIN, MARGIN + i * line), text, font=typeface, fill=INK)
    for j, row in enumerate(rows):
        y = top + j * (line + height + MARGIN)
        for i, panel in enumerate(row):
            x = MARGIN + i * step
            pen.text((x, y), _cut(panel.label, typeface, width), font=typeface, fill=INK)
            enlarged = as_image(panel.image).resize((width, height), Image.Resampling.NEAREST)
            canvas.paste(enlarged.convert("RGB"), (x, y + line))
            pen.rectangle((x - 1, y + line - 1, x + width, y + line + height), outline="#8a93a0")
    return np.asarray(canvas)


def wrapped(panels: Sequence[Panel], columns: int) -> list[Sequence[Panel]]:
    """``panels`` in rows of at most ``columns``."""
    return [panels[start : start + columns] for start in range(0, len(panels), columns)]


def noise_image(noise: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Noise (channel, height, width) as an image: 0 is middle grey, ±3 black and white.

    Of two channels or more than three, the first one as grey.
    """
    shown = noise if noise.shape[0] in (1, 3) else noise[:1]
    values = np.clip(np.rint(127.5 + 42.5 * shown), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(values.transpose(1, 2, 0))


def painted_over(image: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """``image`` with the pixels ``where`` painted over, so that no image can be mistaken for it.

    Returns:
        uint8 (height, width, 3): an even blue where the pixels were.
    """
    shown = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image.copy()
    shown[where] = (63, 127, 217)
    return shown


def _cut(text: str, typeface: ImageFont.FreeTypeFont, width: int) -> str:
    """``text`` in one line, its end replaced by an ellipsis where it is too wide."""
    text = " ".join(text.split())
    if typeface.getlength(text) <= width:
        return text
    while text and typeface.getlength(text + ELLIPSIS) > width:
        text = text[:-1]
    return text + ELLIPSIS


def broken(text: str, typeface: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """``text`` in lines no wider than ``width``, broken between words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and typeface.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [_cut(line, typeface, width) for line in lines]
