"""Prepared data as the later stages read it: arrays, captions and classes of one split."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray

from components.data.captions import TEXTS, Captions, read_captions, stream_texts
from components.data.faults import naming
from components.files.array_file import read_array
from components.files.json_file import load_json
from components.files.manifest import intact
from components.files.tables import stream_csv

SplitName = Literal["train", "holdout"]

COLUMNS = ("file_name", "label", "class", "drawing")
"""Of train.csv and holdout.csv; row i describes image i."""


@dataclass(frozen=True)
class DatasetInfo:
    """What a prepared dataset is.

    Attributes:
        source: a key of `components.data.sources.SOURCES`.
        name: the user's dataset, for source ``folder``.
        style: the rendering that was kept, if the source has several.
        size: side of the images, pixels.
        channels: 1 for grey, 3 for RGB.
        classes: the classes' names; empty when the images have no labels.
        n_train, n_holdout: images a split.
        data_hash: DVC hash of the raw folder.
        caption_tokens: tokens of `minilm` → captions of images that have so many, of both splits.
        several_captions: images that have more than one, of both splits.
        fit: how those that are not square were made so.
        not_square: how many that are, of both splits.
        flip: whether mirrored copies are to be trained on, too.
    """

    source: str
    name: str | None
    style: str | None
    size: int
    channels: int
    classes: tuple[str, ...]
    n_train: int
    n_holdout: int
    data_hash: str
    caption_tokens: Mapping[int, int]
    several_captions: int
    fit: str
    not_square: int
    flip: bool


@dataclass(frozen=True)
class Split:
    """One split of a prepared dataset.

    Attributes:
        images: uint8 (n, height, width, channel), 0..255.
        classes: int64 (n,), index into `DatasetInfo.classes`, -1 where there are none.
        captions: of n images; as a sequence each one's first.
    """

    images: NDArray[np.uint8]
    classes: NDArray[np.int64]
    captions: Captions


def load_info(directory: Path) -> DatasetInfo:
    """Read dataset.json of a prepared directory. Raises AlphabarError when it is not one."""
    path = directory / "dataset.json"
    with naming(path):
        values: dict[str, Any] = load_json(intact(path))
        known = {field.name: values[field.name] for field in fields(DatasetInfo)}
        lengths = {int(tokens): int(n) for tokens, n in known["caption_tokens"].items()}
    return DatasetInfo(**known | {"classes": tuple(known["classes"]), "caption_tokens": lengths})


def load_split(directory: Path, split: SplitName, *, mapped: bool = False) -> Split:
    """Read one split of a prepared directory.

    Args:
        mapped: leave images and captions in their files until they are looked at.

    Raises:
        AlphabarError: a file is missing or broken, or they do not fit each other.
    """
    images = load_images(directory, split, mapped=mapped)
    captions, classes = load_captions(directory, split), load_classes(directory, split)
    with naming(directory / f"{split}.csv"):
        _refuse_other_number(f"{len(images)} images", len(images), len(classes))
        _refuse_other_number(f"captions of {len(captions)} images", len(captions), len(classes))
    if not mapped:
        captions.texts[:0]  # all are read, and what is wrong with them is told here
    return Split(images, classes, captions)


def load_images(directory: Path, split: SplitName, *, mapped: bool = False) -> NDArray[np.uint8]:
    """The images of a split, (n, height, width, channel).

    Args:
        mapped: leave them in their file until they are looked at.

    Raises:
        AlphabarError: the file is missing or broken.
    """
    path = directory / f"{split}.npy"
    with naming(path):
        images = read_array(intact(path), mapped=mapped)
        if images.dtype != np.uint8 or images.ndim != 4:
            raise ValueError(f"it holds {images.dtype} {images.shape}, and no images")
    return images


def load_captions(directory: Path, split: SplitName) -> Captions:
    """The captions of a split's images, as `read_captions` leaves them in their files.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    with naming(directory / TEXTS):
        return read_captions(directory, split)


def load_classes(directory: Path, split: SplitName) -> NDArray[np.int64]:
    """The classes of a split's images, (n,), −1 where there are none.

    Raises:
        AlphabarError: the table is missing or broken.
    """
    path = directory / f"{split}.csv"
    with naming(path):
        return np.fromiter((int(row["class"]) for row in stream_csv(intact(path))), np.int64)


@dataclass(frozen=True, eq=False)
class EntryClasses(Sequence[int]):
    """The class of each entry's image, read when one is asked for; raises AlphabarError then.

    Attributes:
        captions: of the split of a prepared ``directory``.
    """

    directory: Path
    split: SplitName
    captions: Captions

    def __len__(self) -> int:
        return len(self.captions.ids)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        found = self._read[index]
        return found.tolist() if isinstance(index, slice) else int(found)

    @cached_property
    def _read(self) -> NDArray[np.int64]:
        classes, images = load_classes(self.directory, self.split), len(self.captions)
        with naming(self.directory / f"{self.split}.csv"):
            _refuse_other_number(f"captions of {images} images", images, len(classes))
        return self.captions.of_entries(classes)


def _refuse_other_number(what: str, count: int, rows: int) -> None:
    if count != rows:
        raise ValueError(f"{what} do not fit {rows} rows")


def counted_captions(directory: Path) -> Iterator[tuple[str, int]]:
    """Every distinct caption of a prepared directory, and how many of its images, of both splits,
    have it.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    splits: tuple[SplitName, ...] = get_args(SplitName)
    found = [np.bincount(load_captions(directory, split).ids) for split in splits]
    counts = np.zeros(max(map(len, found)), np.int64)
    for of_split in found:
        counts[: len(of_split)] += of_split
    with naming(directory / TEXTS):
        texts = stream_texts(directory / TEXTS)
        yield from ((text, int(count)) for text, count in zip(texts, counts, strict=False))
