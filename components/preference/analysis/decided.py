"""The pairs that people decided: the table that a model can be trained on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from components.errors import AlphabarError
from components.figures.study_figures import PairTally
from components.files.manifest import intact
from components.files.tables import write_table
from components.preference.analysis.opened import Study

FOLDER, TABLE, IMAGES = "decided", "decided.csv", "images.npy"
COLUMNS = (
    "pair",
    "label",
    "class_index",
    "caption",
    "group",
    "winner",
    "loser",
    "weight",
    "answers",
    "simulated",
    "winner_image",
    "loser_image",
)


Asked = Mapping[str, tuple[str, int, str]]
"""Pair → label, class index (-1 for none) and caption, where more is known than the words shown."""


def write_decided(
    folder: Path, study: Study, tallies: Sequence[PairTally], asked: Asked | None = None
) -> int:
    """Write `decided.csv` and `images.npy`; how many pairs are decided.

    The winner is whom most of the decided answers are for, and the weight the difference of both
    shares; ties and both bad are in neither, and pairs that are split evenly are left out.

    Args:
        folder: an empty one.
        tallies: of one question, from counted answers.

    Raises:
        AlphabarError: an image is missing or not as it was published, or images differ in size.
    """
    rows: list[list[object]] = []
    images: list[NDArray[np.uint8]] = []
    for each in tallies:
        if not each.lead or not each.files:
            continue
        one_won = each.lead > 0
        winner, loser = (each.one, each.other) if one_won else (each.other, each.one)
        label, index, caption = (asked or {}).get(each.pair, ("", -1, each.prompt))
        said = [each.pair, label, index, caption, each.group, winner, loser]
        counted = [abs(each.lead), each.decided, str(study.about.simulated).lower()]
        rows.append([*said, *counted, len(images), len(images) + 1])
        images += [_pixels(study.folder / each.files[model]) for model in (winner, loser)]
    if unlike := {image.shape for image in images[1:]} - {image.shape for image in images[:1]}:
        raise AlphabarError(
            f"the images of {study.folder} are of unlike sizes: {images[0].shape} and "
            f"{min(unlike)}",
            "export the study from images of one size",
        )
    write_table(folder / TABLE, COLUMNS, rows)
    np.save(folder / IMAGES, np.stack(images) if images else np.zeros((0, 1, 1, 3), np.uint8))
    return len(rows)


def _pixels(path: Path) -> NDArray[np.uint8]:
    """(height, width, channel) of a PNG."""
    try:
        with Image.open(intact(path)) as image:
            pixels = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    except OSError as error:
        raise AlphabarError(
            f"{path} is no image that can be read", "export the study anew"
        ) from error
    return pixels if pixels.ndim == 3 else pixels[..., None]
