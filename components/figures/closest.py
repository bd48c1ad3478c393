"""The generated images that lie closest to training images: is the model copying?"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.files.array_file import read_array
from components.files.json_file import read_object, write_json
from components.files.manifest import intact, there

RECORD, IMAGES = "closest_pairs.json", "closest_pairs.npy"


@dataclass(frozen=True)
class ClosestPair:
    """A generated image and the training image nearest to it.

    Attributes:
        generated, training: their rows.
        distance: between them, in the features' unit.
        ratio: the distance over the training image's to its own nearest other one; 0 for a copy.
        mirrored: whether it is the training image's mirrored copy that is nearest.
    """

    generated: int
    training: int
    distance: float
    ratio: float
    mirrored: bool = False


@dataclass(frozen=True, eq=False)
class ClosestPairs:
    """Generated images and their nearest training images.

    Attributes:
        extractor: whose features measure the distance.
        pairs: the closest first, by ratio.
        images: (pairs, 2, height, width, channel) uint8: generated, training.
    """

    extractor: str
    pairs: tuple[ClosestPair, ...]
    images: NDArray[np.uint8]


def write_pairs(out: Path, closest: ClosestPairs) -> None:
    """Write closest_pairs.json and closest_pairs.npy."""
    np.save(out / IMAGES, closest.images)
    pairs = [asdict(pair) for pair in closest.pairs]
    for pair in pairs:
        if not pair["mirrored"]:
            del pair["mirrored"]
    write_json(out / RECORD, {"extractor": closest.extractor, "pairs": pairs})


def read_pairs(directory: Path) -> ClosestPairs | None:
    """The pairs in an ``evaluate/`` directory; None where training images were not known.

    Raises:
        AlphabarError: a file is broken, or the two do not belong together.
    """
    if not there(directory / RECORD):
        return None
    remedy = f"delete {directory} and run the experiment again"
    record = read_object(directory / RECORD, remedy)
    try:
        pairs = tuple(ClosestPair(**pair) for pair in record["pairs"])
        images = read_array(intact(directory / IMAGES))
        if images.dtype != np.uint8 or images.shape[:2] != (len(pairs), 2) or images.ndim != 5:
            raise ValueError(f"{images.dtype} {images.shape} are no {len(pairs)} pairs of images")
        return ClosestPairs(record["extractor"], pairs, images)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise AlphabarError(
            f"{directory}: {RECORD} or {IMAGES} is broken: {error}", remedy
        ) from error
