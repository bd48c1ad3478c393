"""Images with what they were asked to show: what is judged, and what it is judged against."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.data.arrays import SplitName, load_info, load_split
from components.errors import AlphabarError
from components.evaluation.images.image_files import ImageFiles, Pictures, digest_of
from components.figures.statistics.intervals import Rows


@dataclass(frozen=True)
class ImageSet:
    """Images, classes and captions, row by row.

    Attributes:
        images: (n, height, width, channel) uint8, or files.
        classes: (n,) -1 where there are none.
        captions: n texts; empty where there are none.
        name: what records call the set, such as ``holdout``.
        data_hash: DVC hash of the raw data behind it; empty where there is none.
        class_names: what the classes are called, by number; their numbers where it is empty.
        prompt_groups: n names of the prompts' groups; empty where they have none.
        mirrored: whether a model of these images has learnt from their mirrored copies, too.
    """

    images: Pictures
    classes: NDArray[np.int64]
    captions: Sequence[str]
    name: str
    data_hash: str = ""
    class_names: tuple[str, ...] = ()
    prompt_groups: Sequence[str] = ()
    mirrored: bool = False

    def __post_init__(self) -> None:
        if not len(self.images) == len(self.classes) == len(self.captions):
            raise AlphabarError(
                f"{len(self.images)} images, {len(self.classes)} classes and "
                f"{len(self.captions)} captions do not belong together",
                "give one class and one caption an image",
            )

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def load(cls, directory: Path, split: SplitName) -> "ImageSet":
        """A split of a prepared directory, whose images and captions stay in their files until
        they are looked at; raises AlphabarError where it is missing or broken."""
        info, found = load_info(directory), load_split(directory, split, mapped=True)
        images = cls(
            found.images, found.classes, found.captions, split, info.data_hash, info.classes
        )
        return replace(images, mirrored=info.flip and split == "train")

    @classmethod
    def bare(cls, images: Pictures, name: str, data_hash: str = "") -> "ImageSet":
        """Images of which nothing else is known."""
        n = len(images)
        return cls(images, np.full(n, -1), ("",) * n, name, data_hash)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the images alone, read once; raises AlphabarError where they cannot be."""
        return digest_of(self.images)

    @cached_property
    def key(self) -> str:
        """SHA-256 of the images and of their classes: what a figure was measured against."""
        return hashlib.sha256(f"{self.digest} {self.classes.tolist()}".encode()).hexdigest()

    def rows(self, chosen: Rows) -> "ImageSet":
        """Some of the images."""
        return replace(
            self,
            images=self.images.some(chosen)
            if isinstance(self.images, ImageFiles)
            else self.images[chosen],
            classes=self.classes[chosen],
            captions=tuple(self.captions[row] for row in chosen),
            prompt_groups=tuple(self.prompt_groups[row] for row in chosen if self.prompt_groups),
        )

    def array(self) -> NDArray[np.uint8]:
        """All images at once; raises AlphabarError for files, which may be of any sizes."""
        if isinstance(self.images, ImageFiles):
            raise AlphabarError(
                f"the images of {self.name} are files, maybe of several sizes",
                "use figures that features give; the classifier needs prepared data",
            )
        return self.images

    def thumbnails(self, chosen: Sequence[int]) -> NDArray[np.uint8]:
        """Some of the images as pictures (k, height, width, channel) to be looked at."""
        if isinstance(self.images, ImageFiles):
            return self.images.thumbnails(chosen)
        return self.images[list(chosen)]

    def groups(self, by: str) -> dict[str, Rows]:
        """Rows by class or caption, for those that have one. Where prompts have groups of their
        own, these stand for the classes.

        Args:
            by: a name of `GROUPS`.
        """
        return GROUPS[by](self)

    def _class_name(self, number: int) -> str:
        known = number < len(self.class_names)
        return f"class {self.class_names[number] if known else number}"


def _by_class(images: ImageSet) -> dict[str, Rows]:
    if images.prompt_groups:
        return _by_name(images.prompt_groups)
    numbers = np.unique(images.classes[images.classes >= 0]).tolist()
    return {images._class_name(k): np.flatnonzero(images.classes == k) for k in numbers}


def _by_caption(images: ImageSet) -> dict[str, Rows]:
    return _by_name(images.captions)


GROUPS: dict[str, Callable[[ImageSet], dict[str, Rows]]] = {
    "none": lambda images: {},
    "class": _by_class,
    "caption": _by_caption,
}


def _by_name(names: Sequence[str]) -> dict[str, Rows]:
    each = np.array(names)
    return {str(name): np.flatnonzero(each == name) for name in np.unique(each) if name}
