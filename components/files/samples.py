"""A folder of samples: the images, and what each one was asked to be."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from components.errors import AlphabarError, shortened
from components.files.array_file import read_array
from components.files.manifest import intact
from components.files.tables import read_csv

COLUMNS = ("index", "seed", "class", "label", "caption")
"""Of samples.csv; row k describes image k."""

DRAWN_BY = "drawn_by.json"
"""Beside samples that a command drew: which model drew them, and how."""

GROUP = "group"
"""One more, where the prompts have groups."""


def asked_for(caption: str, label: str, class_index: int) -> str:
    """What a sample was asked to be, in words: its caption, or its class by name or number."""
    return caption or label or f"class {class_index}"


@dataclass(frozen=True)
class SampleRow:
    """What identifies a sample apart from its model and sampler; class -1 and group "" are none."""

    index: int
    seed: int
    class_index: int
    label: str
    caption: str
    group: str = ""

    @property
    def prompt(self) -> str:
        """As `asked_for` has it."""
        return asked_for(self.caption, self.label, self.class_index)


@dataclass(frozen=True)
class Samples:
    """Images and their rows.

    Attributes:
        images: uint8 (n, height, width, channel), mapped from the file.
        rows: n rows, in the order of the images.
    """

    images: np.ndarray
    rows: tuple[SampleRow, ...]


def read_samples(directory: Path) -> Samples:
    """The images and rows of a ``sample/`` directory.

    Raises:
        AlphabarError: a file is missing or broken, or the two do not belong together.
    """
    path = directory / "images.npy"
    with _named(path):
        # mapped, so that a report over many cells reads only the rows that it shows
        images = read_array(intact(path), mapped=True)
    rows = read_rows(directory)
    if images.dtype != np.uint8 or images.ndim != 4 or len(images) != len(rows):
        raise AlphabarError(
            f"{directory}: images.npy ({images.dtype} {images.shape}) does not fit the "
            f"{len(rows)} rows of samples.csv",
            _remedy(directory),
        )
    return Samples(images, rows)


def read_rows(directory: Path) -> tuple[SampleRow, ...]:
    """The rows alone, without a look at the images; raises AlphabarError."""
    path = directory / "samples.csv"
    with _named(path):
        rows = tuple(_row(values) for values in read_csv(intact(path)))
        if not rows:
            raise ValueError("it has no row")
        return rows


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """What is wrong with a file, said with its name and the remedy."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        remedy = "give a folder of samples, as `alphabar sample` writes"
        raise AlphabarError(f"{path} does not exist", remedy) from None
    except (ValueError, TypeError, KeyError, EOFError) as error:
        raise AlphabarError(f"{path} is broken: {error}", _remedy(path.parent)) from error


def _remedy(directory: Path) -> str:
    return f"delete {directory} and run the experiment again"


def _row(values: dict[str, str]) -> SampleRow:
    index, seed, class_index = (_whole(values[column], column) for column in COLUMNS[:3])
    return SampleRow(
        index, seed, class_index, values["label"], values["caption"], values.get(GROUP, "")
    )


def _whole(text: str, column: str) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise ValueError(f"its column {column} holds not whole numbers: {error}") from error
    if abs(number) >= 2**63:
        raise ValueError(f"its column {column} holds {shortened(text)}, beyond 64 bits")
    return number


class Classed(Protocol):
    """What has a class; -1 is none."""

    @property
    def class_index(self) -> int: ...


def spread(rows: Sequence[Classed], count: int, order: list[int]) -> list[int]:
    """``count`` positions in ``rows``, as evenly over the classes as they allow.

    Args:
        rows: what is to choose from.
        count: how many; all of them when there are fewer.
        order: every position once; those that come first in it are taken first.

    Returns:
        positions in rounds: in each round at most one of every class, classes in the order in
        which ``order`` meets them.
    """
    queues: dict[int, list[int]] = {}
    for position in order:
        queues.setdefault(rows[position].class_index, []).append(position)
    rounds = max((len(queue) for queue in queues.values()), default=0)
    dealt = (q[r] for r in range(rounds) for q in queues.values() if r < len(q))
    return [position for _, position in zip(range(count), dealt, strict=False)]
