"""Generated images with what each was asked for under it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from components.data.grids import as_image
from components.reporting.pictures.font import font
from components.reporting.pictures.panels import INK, MARGIN, PAPER, broken
from components.reporting.pictures.tiles import reduced

SMALLEST, LARGEST = 96, 256
"""Small images are enlarged to this side at least, large ones averaged down to this, pixels."""
SIZE, LINES = 12, 3
"""Letters are so high, and a prompt is given so many lines."""
WIDTH = 1600
"""About the width of a sheet, pixels."""


def prompted_sheet(
    images: NDArray[np.uint8], prompts: Sequence[str], seeds: Sequence[int], title: str
) -> NDArray[np.uint8]:
    """The images row by row on white under ``title``, each above its prompt and its seed.

    Args:
        images: (n, height, width, 1 or 3), n at least 1.
        prompts: n; a long one ends in an ellipsis.
        seeds: n.
        title: broken into lines at the sheet's width.

    Returns:
        uint8 (height, width, 3).
    """
    shown = reduced(images, LARGEST)
    factor = max(1, math.ceil(SMALLEST / min(shown.shape[1:3])))
    height, width = (side * factor for side in shown.shape[1:3])
    columns = max(1, min(len(shown), (WIDTH - MARGIN) // (width + MARGIN)))
    typeface, line = font(SIZE), math.ceil(SIZE * 1.35)
    whole = columns * (width + MARGIN) + MARGIN
    head = broken(title, font(SIZE + 3), whole - 2 * MARGIN)
    under = [_under(prompt, seed, width) for prompt, seed in zip(prompts, seeds, strict=True)]
    step = height + max(map(len, under)) * line + MARGIN
    top = MARGIN + len(head) * (line + 4) + MARGIN // 2
    rows = math.ceil(len(shown) / columns)
    canvas = Image.new("RGB", (whole, top + rows * step), PAPER)
    pen = ImageDraw.Draw(canvas)
    for i, text in enumerate(head):
        pen.text((MARGIN, MARGIN + i * (line + 4)), text, font=font(SIZE + 3), fill=INK)
    for k, image in enumerate(shown):
        x, y = MARGIN + k % columns * (width + MARGIN), top + k // columns * step
        tile = as_image(image).resize((width, height), Image.Resampling.NEAREST)
        canvas.paste(tile.convert("RGB"), (x, y))
        pen.rectangle((x - 1, y - 1, x + width, y + height), outline="#8a93a0")
        for i, text in enumerate(under[k]):
            pen.text((x, y + height + 2 + i * line), text, font=typeface, fill=INK)
    return np.asarray(canvas)


def _under(prompt: str, seed: int, width: int) -> list[str]:
    """The prompt in a few lines, the last of which says that there is more, and the seed."""
    lines = broken(prompt, font(SIZE), width) if prompt.strip() else []
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"{lines[LINES - 1]} …"]
    return [*lines, f"seed {seed}"]
