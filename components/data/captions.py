"""The captions of a split's images: every distinct text once, and which of them an image has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from components.files.array_file import read_array
from components.files.manifest import intact
from components.files.tables import stream_csv, write_table

TEXTS = "captions.csv"
"""Of a prepared directory: the distinct captions of both splits, sorted, one a row."""

COLUMN = "caption"


@dataclass(frozen=True, eq=False)
class Captions(Sequence[str]):
    """Of n images; as a sequence it is each image's first caption, which evaluations use.

    Image i has the texts ``ids[offsets[i]:offsets[i + 1]]``, one at least. A place in ``ids`` is an
    *entry*: one caption of one image.

    Attributes:
        texts: the distinct captions.
        offsets: int64 (n + 1,), from 0 up to the number of entries.
        ids: int64 (entries,), each a place in ``texts``.
    """

    texts: Sequence[str]
    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]

    @classmethod
    def of(cls, captions: Iterable[Sequence[str]]) -> "Captions":
        """Of images, each with its captions in their order."""
        several = [tuple(each) for each in captions]
        texts = tuple(sorted({text for each in several for text in each}))
        return cls._indexed(several, texts)

    @classmethod
    def _indexed(cls, several: Sequence[Sequence[str]], texts: Sequence[str]) -> "Captions":
        place = {text: number for number, text in enumerate(texts)}
        offsets = np.cumsum([0, *(len(each) for each in several)], dtype=np.int64)
        ids = np.array([place[text] for each in several for text in each], np.int64)
        return cls(texts, offsets, ids)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[row] for row in range(*index.indices(len(self))))
        first = int(self.offsets[range(len(self))[index]])
        return self.texts[int(self.ids[first])]

    @property
    def entries(self) -> Sequence[str]:
        """The text of each entry."""
        return [self.texts[number] for number in self.ids]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(n,) captions of each image."""
        return np.diff(self.offsets)

    @cached_property
    def several(self) -> int:
        """Images with more than one."""
        return int((self.counts > 1).sum())

    def of_image(self, row: int) -> tuple[str, ...]:
        """All captions of an image, the first one first."""
        entries = range(self.offsets[row], self.offsets[row + 1])
        return tuple(self.texts[self.ids[entry]] for entry in entries)


def write_captions(directory: Path, splits: Mapping[str, Iterable[Sequence[str]]]) -> None:
    """Write the captions of each split's images into a prepared directory."""
    several = {name: [tuple(each) for each in images] for name, images in splits.items()}
    texts = sorted({text for images in several.values() for each in images for text in each})
    write_table(directory / TEXTS, (COLUMN,), ([text] for text in texts))
    for name, images in several.items():
        made = Captions._indexed(images, texts)
        for path, array in zip(_files(directory, name), (made.offsets, made.ids), strict=True):
            np.save(path, array)


def read_captions(directory: Path, split: str) -> Captions:
    """The captions of a split of a prepared directory; its arrays are mapped, not read.

    Raises:
        OSError, ValueError, KeyError: a file is missing or broken, or they do not fit each other.
    """
    texts = tuple(row[COLUMN] for row in stream_csv(intact(directory / TEXTS)))
    files = _files(directory, split)
    offsets, ids = (read_array(intact(path), mapped=True) for path in files)
    for array, name in ((offsets, files[0].name), (ids, files[1].name)):
        if array.dtype != np.int64 or array.ndim != 1:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, not a row of int64")
    divided = len(offsets) and offsets[0] == 0 and offsets[-1] == len(ids)
    if not divided or (np.diff(offsets) < 1).any():
        raise ValueError(f"{files[0].name} does not divide the {len(ids)} entries among images")
    if len(ids) and not 0 <= ids.min() <= ids.max() < len(texts):
        raise ValueError(f"{files[1].name} leads beyond the {len(texts)} texts of {TEXTS}")
    return Captions(texts, offsets, ids)


def _files(directory: Path, split: str) -> tuple[Path, Path]:
    """Where a split's offsets and ids lie."""
    return directory / f"{split}-caption-offsets.npy", directory / f"{split}-caption-ids.npy"
