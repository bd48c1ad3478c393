"""What a study is made of: the images of every model, and what each row of them was asked for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from components.data.grids import as_image
from components.data.squares import FITS
from components.files.samples import Samples, read_samples
from components.preference.models import drawn_by
from components.preference.pairs import check_matched

Pixels = NDArray[np.uint8]
"""One image, (height, width, 1 or 3)."""


class Images(Protocol):
    """Images by number: an array of them, or what is read when one is looked at."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


@dataclass(frozen=True)
class Asked:
    """What the images of one row were asked for.

    Attributes:
        label, caption: in words; empty where there are none.
        class_index: −1 where there are no classes.
        group: of its prompt; empty where there are no groups.
        seed: that all images of the row were drawn with; None where they were not, or nobody knows.
        named: whether its words are but the name of its file.
    """

    label: str = ""
    caption: str = ""
    class_index: int = -1
    group: str = ""
    seed: int | None = None
    named: bool = False

    @property
    def prompt(self) -> str:
        """As annotators read it; empty where nothing was asked for in words."""
        return self.caption or self.label

    @property
    def told_group(self) -> str:
        """What figures of groups are of: the prompt's group, else its class."""
        return self.group or self.label


@dataclass(frozen=True)
class Pictures:
    """Images, and what each shows.

    Attributes:
        asked: n rows.
        images: n images, of any sizes.
    """

    asked: tuple[Asked, ...]
    images: Images


@dataclass(frozen=True)
class Material:
    """What a study is made of.

    Attributes:
        asked: n rows.
        images: model → n images; row k of all models was asked for the same. The baseline first.
        models: model → where its images come from, as `Key.models` has it.
        notes: what is to be said of how it was found, a sentence each.
    """

    asked: tuple[Asked, ...]
    images: Mapping[str, Images]
    models: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...] = field(default=())

    def resized(self, size: int) -> "Material":
        """All images square with that side, pixels."""
        images = {name: Resized(own, size) for name, own in self.images.items()}
        whole = [n for n, own in self.images.items() if own[0].shape[:2] == (size, size)]
        if not whole or len(whole) == len(images):
            return replace(self, images=images)
        said = f"sharpness may tell images apart: those of {', '.join(whole)} were not resampled"
        return replace(self, images=images, notes=(*self.notes, said))

    def digest(self) -> bytes:
        """SHA-256 of all images of all models, of what they were asked for and where they are from.

        It is what a study's key is drawn with besides its seed: so the key follows from what the
        study is made of, byte for byte, but not from its pages and its seed. Who would draw it
        again needs all images of both models, and who has those can tell the models apart anyway.
        """
        about = [[asdict(row) for row in self.asked], dict(self.models)]
        hashed = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
        for images in self.images.values():
            for k in range(len(images)):
                image = np.ascontiguousarray(images[k])
                hashed.update(f"{image.shape}".encode())
                hashed.update(image.data)
        return hashed.digest()


@dataclass(frozen=True)
class Resized:
    """Images made square and resampled by one filter, when one is looked at."""

    images: Images
    size: int

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Pixels:
        return squared(self.images[index], self.size)


def squared(image: Pixels, size: int) -> Pixels:
    """An image cropped to a square and resampled, antialiased, to ``size`` pixels a side; one of
    that size keeps its values."""
    made = np.asarray(FITS["crop"](as_image(image), size), np.uint8)
    return made.reshape(size, size, image.shape[2])


def material_of_samples(folders: Mapping[str, Path], *, same_seeds: bool = True) -> Material:
    """What folders of samples hold.

    Args:
        folders: model → its ``sample/`` directory, the baseline's first.
        same_seeds: whether row k of all must be of one seed; else of one prompt will do.

    Raises:
        AlphabarError: a folder is broken, or rows do not match.
    """
    found = {name: read_samples(folder) for name, folder in folders.items()}
    names = list(found)
    for name in names[1:]:
        check_matched(found[names[0]], found[name], seeds=same_seeds)
    models = {name: drawn_by(folder) for name, folder in folders.items()}
    asked = pictures_of_samples(found[names[0]]).asked
    if not same_seeds:
        asked = tuple(replace(row, seed=None) for row in asked)
    return Material(asked, {name: own.images for name, own in found.items()}, models)


def pictures_of_samples(samples: Samples) -> Pictures:
    """Samples, row by row."""
    asked = tuple(
        Asked(row.label, row.caption, row.class_index, row.group, row.seed) for row in samples.rows
    )
    return Pictures(asked, samples.images)
