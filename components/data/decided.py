"""Pairs of images that somebody has decided between, as a study's analysis leaves them.

decided.csv   pair, label, class_index, caption, group, winner, loser, weight, answers,
              simulated, winner_image, loser_image: a row a pair; the last two are rows of
images.npy    uint8 (m, height, width, channel)
"""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError, first_of, quoted
from components.files.digests import known_sha256
from components.files.manifest import MANIFEST, intact
from components.files.tables import read_csv
from components.spec.catalogue.dpo import PAIRS, SIMULATED
from components.spec.keys import digest

TABLE, IMAGES = "decided.csv", "images.npy"
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STUDIES = Path("reports", "studies")

_INSIDE = (Path("analysis", "decided"), Path("decided"), Path())
"""Where the table lies in a study's folder, in a stage's output, and in a folder of its own."""


@dataclass(frozen=True)
class Decided:
    """A pair with a winner.

    Attributes:
        label: of the class that both show; empty where there is none.
        class_index: its number; −1 where there is none.
        caption: that both were asked for with; empty where there is none.
        weight: how much those who were asked agree, above 0 and up to 1.
        simulated: whether no person was asked.
        winner, loser: rows of the images.
    """

    label: str
    class_index: int
    caption: str
    weight: float
    simulated: bool
    winner: int
    loser: int


def find_study(name: str, root: Path) -> Path:
    """The folder of decided pairs that ``name`` stands for: of a study, or a path from ``root``.

    Raises:
        AlphabarError: there is none such, or its answers have not been analysed.
    """
    said = f"`finetune.preferences: {name}`"
    places = [root / STUDIES / name, root / name]
    home = next((place for place in places if place.is_dir()), None)
    if home is None:
        studies = [p.name for p in sorted((root / STUDIES).glob("*")) if p.is_dir()]
        there = f"; there are {first_of(studies)}" if studies else ""
        raise AlphabarError(
            f"{said}: there is no study {STUDIES / name} and no folder {name}{there}",
            "give the name of a study whose answers are analysed, or a folder with its "
            f"{TABLE} and {IMAGES}",
        )
    if (found := _inside(home)) is None:
        raise AlphabarError(
            f"{said}: {home} has no decided pairs ({_INSIDE[0] / TABLE})",
            f"analyse its answers: alphabar study analyze {home.name}",
        )
    return found


def decided_folder(home: Path) -> Path:
    """Where in ``home`` the decided pairs lie; raises AlphabarError where there are none."""
    if (found := _inside(home)) is None:
        raise AlphabarError(
            f"{home} has no decided pairs ({TABLE})",
            "give the folder of a study whose answers are analysed",
        )
    return found


def _inside(home: Path) -> Path | None:
    return next((home / place for place in _INSIDE if (home / place / TABLE).is_file()), None)


def decided_digest(folder: Path) -> str:
    """SHA-256 of the table and its images, by content; raises AlphabarError."""
    with _naming(folder):
        return digest([known_sha256(_published(folder / name)) for name in (TABLE, IMAGES)])


def read_decided(folder: Path) -> tuple[Decided, ...]:
    """The pairs of a ``decided/`` folder, those of weight 0 left out: they teach nothing.

    Raises:
        AlphabarError: the table is missing, damaged or broken, or has no pair of some weight.
    """
    with _naming(folder):
        rows = read_csv(_published(folder / TABLE))
        pairs = tuple(_pair(number, row) for number, row in enumerate(rows, 1))
    found = tuple(pair for pair in pairs if pair.weight > 0)
    if not found:
        raise AlphabarError(
            f"{folder / TABLE} has no pair that was decided: {len(pairs)} of weight 0",
            "ask more people, or about more pairs",
        )
    return found


def read_images(folder: Path) -> "NDArray[np.uint8]":
    """The images of a ``decided/`` folder, (m, height, width, channel).

    Raises:
        AlphabarError: the file is missing, damaged or broken, or holds no images.
    """
    from components.files.array_file import read_array

    with _naming(folder):
        images = read_array(_published(folder / IMAGES))
        if images.dtype != "uint8" or images.ndim != 4:
            raise ValueError(f"{IMAGES} holds {images.dtype} {images.shape}, and no images")
    return images


def counts_of(pairs: Sequence[Decided]) -> dict[str, int]:
    """How many pairs there are, and how many of them no person decided, where there are some."""
    simulated = sum(pair.simulated for pair in pairs)
    return {PAIRS: len(pairs)} | ({SIMULATED: simulated} if simulated else {})


@contextlib.contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """What is wrong with a file of the folder, said with the remedy."""
    try:
        yield
    except OSError as error:
        raise AlphabarError(
            f"{error.filename or folder} cannot be read: {error.strerror}",
            "analyse the study again: alphabar study analyze",
        ) from error
    except (ValueError, KeyError) as error:
        fault = f"it has no column {error}" if isinstance(error, KeyError) else str(error)
        raise AlphabarError(
            f"the decided pairs in {folder} are broken: {fault}",
            "analyse the study again: alphabar study analyze",
        ) from error


def _published(path: Path) -> Path:
    """``path``, to be read: as `intact`, by the manifest of its folder or of the one above. That of
    a study is older than what its answers came to, and does not list it."""
    if path.exists() and not path.is_file():
        raise ValueError(f"{path.name} is no file")
    folders = (path.parent, path.parent.parent)
    return intact(path) if any((each / MANIFEST).is_file() for each in folders) else path


def _pair(number: int, row: Mapping[str, str]) -> Decided:
    winner, loser = (_whole(number, row, name) for name in ("winner_image", "loser_image"))
    if winner < 0 or loser < 0 or winner == loser:
        raise ValueError(f"row {number} has the images {winner} and {loser}")
    simulated = {"true": True, "false": False}.get(row["simulated"].lower())
    if simulated is None:
        raise ValueError(
            f"row {number} has {quoted(row['simulated'])} for simulated, not true or false"
        )
    weight = _weight(number, row["weight"])
    index = _whole(number, row, "class_index") if row["class_index"] else -1
    return Decided(row["label"], index, row["caption"], weight, simulated, winner, loser)


def _weight(number: int, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight <= 1:
        raise ValueError(f"row {number} has the weight {quoted(text)}, not one from 0 to 1")
    return weight


def _whole(number: int, row: Mapping[str, str], column: str) -> int:
    try:
        found = int(row[column])
    except ValueError:
        raise ValueError(
            f"row {number} has {quoted(row[column])} for {column}, not a whole number"
        ) from None
    if abs(found) >= 2**63:
        raise ValueError(f"row {number} has a {column} beyond 64 bits")
    return found
