"""Which parquet files a dataset has, and what their names say of splits."""

import re
from dataclasses import dataclass
from pathlib import Path

from components.data.splits import is_split
from components.errors import AlphabarError, first_of

_SHARD = re.compile(r"(?P<name>.+?)-(?P<number>\d{1,9})-of-(?P<count>\d{1,9})(?P<end>-\w+)?")
"""As Hugging Face names one of several: train-00000-of-00002.parquet, maybe with a digest."""


@dataclass(frozen=True)
class Shard:
    """One parquet file.

    Attributes:
        folder: the dataset's.
        name: its path in there.
        split: the split that its name or its folder says; empty where they say none.
    """

    folder: Path
    name: str
    split: str

    @property
    def path(self) -> Path:
        return self.folder / self.name


def shards_of(source: Path) -> list[Shard]:
    """The parquet files of a folder, sorted, or the one that ``source`` is; maybe none.

    Files that all say one split say none: the rest of the data is not there to hold out.

    Raises:
        AlphabarError: of several numbered ones some are not there.
    """
    if source.suffix == ".parquet" and source.is_file():
        found, folder = [source], source.parent
    elif source.is_dir():
        found, folder = sorted(source.rglob("*.parquet")), source
    else:
        return []
    names = [path.relative_to(folder).as_posix() for path in found if path.is_file()]
    names = [name for name in names if not any(p.startswith(".") for p in name.split("/"))]
    if source.is_dir() and (lost := _missing(names)):
        raise AlphabarError(
            f"{source} lacks {first_of(lost)}, which the names of its other files promise",
            "copy the whole dataset",
        )
    splits = [_split(name) for name in names]
    if len(set(splits)) == 1:
        splits = [""] * len(names)
    return [Shard(folder, name, split) for name, split in zip(names, splits, strict=True)]


def _missing(names: list[str]) -> list[str]:
    there: dict[tuple[str, int], set[int]] = {}
    for name in names:
        if found := _SHARD.fullmatch(name.removesuffix(".parquet")):
            group = found["name"], int(found["count"])
            there.setdefault(group, set()).add(int(found["number"]))
    return [
        f"{name}-{number:05d}-of-{count:05d}.parquet"
        for (name, count), numbers in there.items()
        for number in _gaps(numbers, count)
    ]


def _gaps(numbers: set[int], count: int) -> list[int]:
    """The first hundred that lack of 0 … count − 1."""
    lost = (number for number in range(count) if number not in numbers)
    return [number for number, _ in zip(lost, range(100), strict=False)]


def _split(name: str) -> str:
    *folders, file = name.removesuffix(".parquet").split("/")
    found = _SHARD.fullmatch(file)
    words = [found["name"] if found else file, *reversed(folders)]
    return next((word for word in words if is_split(word)), "")
