"""The captions of a split's images: every distinct text once, and which of them an image has."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from components.data.faults import naming
from components.files.array_file import give_back, read_array
from components.files.manifest import intact
from components.files.tables import stream_csv, write_table

TEXTS = "captions.csv"
"""Of a prepared directory: the distinct captions of both splits, sorted, one a row."""

COLUMN = "caption"

_AT_ONCE = 2**16  # of an index that is looked through


@dataclass(frozen=True, eq=False)
class Entries(Sequence[str]):
    """The text of each entry: one caption of one image.

    Attributes:
        texts: the distinct captions.
        ids: int64 (entries,), each a place in ``texts``.
    """

    texts: Sequence[str]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self.texts[number] for number in self.ids[index])
        return self.texts[int(self.ids[index])]

    @property
    def last(self) -> int:
        """The highest place; −1 where there are no entries."""
        return max((int(part.max()) for part in _parts(self.ids)), default=-1)

    def some_ids(self, entries: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of some entries' texts."""
        found = self.ids[entries]
        give_back(self.ids)
        return found


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
    def entries(self) -> Entries:
        """The text of each entry."""
        return Entries(self.texts, self.ids)

    @property
    def one_each(self) -> bool:
        """Whether no image has more than one, so that image i has entry i."""
        return len(self.ids) == len(self)

    def entries_of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first entry of each of some images, and how many it has."""
        first = self.offsets[rows]
        counts = self.offsets[rows + 1] - first
        give_back(self.offsets)
        return first, counts

    def firsts(self, rows: NDArray[np.int64]) -> list[str]:
        """The first caption of each of some images; no other text is kept in memory."""
        return self.some_texts(self.ids[self.entries_of(rows)[0]])

    def first_ids(self) -> NDArray[np.int64]:
        """The place of each image's first caption among the texts, (n,)."""
        return self.ids if self.one_each else self.ids[self.offsets[:-1]]

    def some_texts(self, ids: NDArray[np.int64]) -> list[str]:
        """The texts at some places; no other is kept in memory."""
        wanted = set(ids.tolist())
        found = {place: text for place, text in enumerate(self.texts) if place in wanted}
        return [found[place] for place in ids.tolist()]

    def of_entries(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of a value for each image, that of each entry's image."""
        return values if self.one_each else values.repeat(np.diff(self.offsets))

    def of_image(self, row: int) -> tuple[str, ...]:
        """All captions of an image, the first one first."""
        entries = range(self.offsets[row], self.offsets[row + 1])
        return tuple(self.texts[self.ids[entry]] for entry in entries)


@dataclass(frozen=True, eq=False)
class StoredTexts(Sequence[str]):
    """The distinct captions of a prepared directory, read from their table when one is asked for.

    To go through all of them keeps none in memory; to ask for one keeps all.

    Attributes:
        path: of the table.
        least: how many there must be.

    Raises:
        AlphabarError: when one is asked for and the table is missing, broken or too short.
    """

    path: Path
    least: int = 0

    def __iter__(self) -> Iterator[str]:
        count = 0
        with naming(self.path):
            for text in stream_texts(self.path):
                count += 1
                yield text
            if count < self.least:
                raise ValueError(f"an index of captions leads beyond its {count} texts")

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._all[index]

    @cached_property
    def _all(self) -> tuple[str, ...]:
        return tuple(iter(self))


def stream_texts(path: Path) -> Iterator[str]:
    """The distinct captions of a prepared directory's ``path``, one by one.

    Raises:
        OSError, ValueError, KeyError: the table is missing or broken.
    """
    return (row[COLUMN] for row in stream_csv(intact(path)))


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
    """The captions of a split of a prepared directory.

    Its arrays are mapped and its texts are read when one is asked for, so that who needs none has
    none in memory.

    Raises:
        OSError, ValueError, KeyError: a file is missing or broken, or the arrays do not fit each
            other.
    """
    files = _files(directory, split)
    offsets, ids = (read_array(intact(path), mapped=True) for path in files)
    for array, name in ((offsets, files[0].name), (ids, files[1].name)):
        if array.dtype != np.int64 or array.ndim != 1:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, not a row of int64")
    divided = len(offsets) and offsets[0] == 0 and offsets[-1] == len(ids)
    if not divided or not all((np.diff(part) > 0).all() for part in _parts(offsets)):
        raise ValueError(f"{files[0].name} does not divide the {len(ids)} entries among images")
    if any(part.min() < 0 for part in _parts(ids)):
        raise ValueError(f"{files[1].name} has places below 0")
    least = Entries((), ids).last + 1
    return Captions(StoredTexts(directory / TEXTS, least), offsets, ids)


def _parts(array: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """All of a mapped array bit by bit, each part with the first value of the next."""
    for start in range(0, len(array), _AT_ONCE):
        yield np.array(array[start : start + _AT_ONCE + 1])
        give_back(array)


def _files(directory: Path, split: str) -> tuple[Path, Path]:
    """Where a split's offsets and ids lie."""
    return directory / f"{split}-caption-offsets.npy", directory / f"{split}-caption-ids.npy"
