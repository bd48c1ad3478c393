"""The files that answers came in, kept as they came."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from components.errors import AlphabarError, first_line, shortened
from components.files.json_file import read_object, write_json
from components.files.put import put
from components.files.regular import open_regular

FOLDER, ABOUT = "answers", "about"
MOST_BYTES = 64 * 2**20
"""Of one file."""

SERVED = "served"
"""The source of a file that `study serve` is the author of."""

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class About:
    """What is known of a kept file.

    Attributes:
        number: it was the so-manieth file of the study, from 1.
        name: of the file as it was given, without its folder.
        columns: field → column, of a table that does not say it itself.
        source: `SERVED` where it was written out of a served study's record, and was given by
            nobody; else empty.
    """

    number: int
    name: str
    columns: Mapping[str, str] | None = None
    source: str = ""


def keep(
    study: Path,
    content: bytes,
    name: str,
    columns: Mapping[str, str] | None = None,
    source: str = "",
) -> bool:
    """Keep a file under ``answers/`` of a study, named by its SHA-256; whether it is a new one.

    A file that is there is left as it is; other ``columns`` than before are written down. What
    somebody gave stays theirs, also where a record says the very same.
    """
    folder = study / FOLDER
    (folder / ABOUT).mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(content).hexdigest()
    path, about = folder / digest, folder / ABOUT / f"{digest}.json"
    new = not path.exists()
    known = _about(about) if about.exists() else None
    number = known.number if known else 1 + max((e.number for _, e in kept_files(study)), default=0)
    if known and not (known.source and source):
        source = ""
    now = About(number, known.name if known else shortened(name), columns, source)
    if new or now != known:
        with put(about) as place:
            write_json(place, asdict(now))
    if new:
        with put(path) as place:
            place.write_bytes(content)
    return new


def kept_files(study: Path) -> list[tuple[Path, About]]:
    """The files that a study has kept, in the order in which they came; one may be gone since."""
    folder = study / FOLDER
    found = [
        (folder / about.stem, _about(about)) for about in sorted((folder / ABOUT).glob("*.json"))
    ]
    return sorted(found, key=lambda each: (each[1].number, each[0].name))


def unknown_files(study: Path) -> list[str]:
    """Names of files among the kept ones of which nothing says where they came from."""
    folder = study / FOLDER
    known = {path.name for path, _ in kept_files(study)}
    found = (path.name for path in folder.glob("*") if _DIGEST.fullmatch(path.name))
    return sorted(set(found) - known)


def superseded(study: Path, name: str, content: bytes) -> None:
    """Forget what was kept of a record by this name, but the one with this content.

    It is for a record that goes on elsewhere and is taken in again: what was taken back there since
    must not stand beside what was said instead. A file that somebody gave is never forgotten.
    """
    newest = hashlib.sha256(content).hexdigest()
    for path, about in kept_files(study):
        if about.source == SERVED and about.name == name and path.name != newest:
            path.unlink(missing_ok=True)
            (study / FOLDER / ABOUT / f"{path.name}.json").unlink()


def read_bytes(path: Path) -> bytes:
    """The bytes of a file of answers; raises ValueError in a sentence."""
    try:
        with open_regular(path) as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"it cannot be read: {first_line(error)}") from None
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES / 2**20:g} MiB")
    return content


def read_kept(path: Path) -> bytes:
    """The bytes of a kept file; raises ValueError where it is gone, or was changed."""
    if not path.exists():
        raise ValueError("it was kept and is gone from answers/: import it again")
    content = read_bytes(path)
    if hashlib.sha256(content).hexdigest() != path.name:
        raise ValueError("it was changed after it was kept: its digest does not fit its name")
    return content


def _about(path: Path) -> About:
    remedy = "remove it and import the file again"
    content = read_object(path, remedy)
    try:
        about = About(**content)
    except TypeError:
        raise AlphabarError(f"{path} does not say where a file came from", remedy) from None
    columns = about.columns
    fits = columns is None or (
        isinstance(columns, dict) and all(isinstance(title, str) for title in columns.values())
    )
    texts = isinstance(about.name, str) and about.source in ("", SERVED)
    if not (isinstance(about.number, int) and texts and fits):
        raise AlphabarError(f"{path} does not say where a file came from", remedy)
    return about
