"""The generated images that lie closest to training images: is the model copying?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.errors import AlphabarError
from components.figures.figure import read_object
from components.files.array_file import read_array
from components.files.manifest import intact, there

RECORD, IMAGES = "closest_pairs.json", "closest_pairs.npy"


@dataclass(frozen=True, eq=False)
class ClosestPairs:
    """Generated images and their nearest training images, the closest first.

    Attributes:
        extractor: whose features measure the distance.
        ratios: a pair's distance over the training image's to its own nearest other one; 0 for
            a copy.
        rows: the row of the generated image, and of the training image.
        images: uint8 (pairs, 2, height, width, channel): generated, training.
    """

    extractor: str
    ratios: tuple[float, ...]
    rows: tuple[tuple[int, int], ...]
    images: np.ndarray


def read_pairs(directory: Path) -> ClosestPairs | None:
    """The pairs in an ``evaluate/`` directory; None where there are none (older ones).

    Raises:
        AlphabarError: a file is broken, or the two do not belong together.
    """
    if not there(directory / RECORD):
        return None
    record = read_object(directory / RECORD)
    try:
        pairs = record["pairs"]
        ratios = tuple(float(pair["ratio"]) for pair in pairs)
        rows = tuple((int(pair["generated"]), int(pair["training"])) for pair in pairs)
        images = read_array(intact(directory / IMAGES))
        if images.dtype != np.uint8 or images.shape[:2] != (len(pairs), 2) or images.ndim != 5:
            raise ValueError(f"{images.dtype} {images.shape} are no {len(pairs)} pairs of images")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise AlphabarError(
            f"{directory}: {RECORD} or {IMAGES} is broken: {error}",
            f"delete {directory} and run the experiment again",
        ) from error
    return ClosestPairs(str(record.get("extractor", "")), ratios, rows, images)
