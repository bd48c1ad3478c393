"""The manifest of a published directory, and whether the files are still what it says.

    manifest.json    "files": name → size and SHA-256 of every other file in the directory;
                     "seal": SHA-256 of the manifest itself

Sizes are compared first, digests then: once a file and process (`components.files.digests`).
Hidden files, which file managers leave, are nobody's. A directory without a manifest is the
user's own, and there is nothing to compare it with; but one in a store has lost it.
"""

import functools
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.digests import FileState, file_state, known_sha256
from components.files.json_file import load_json, write_json

MANIFEST = "manifest.json"
SEAL = "seal"

LEVELS = 3
"""A file's folder or one of the two above may hold its manifest: ``guide/codec/`` has none."""

KEY = re.compile("[0-9a-f]{64}")
"""The name of a stage run's directory, which is its key."""

WORK = ".work"
"""The folder of a store where stages work, by which a store is known."""

STAMP = ".keys"
"""The file in a folder of reports/ that says which report is copied there."""

STUDY = "study.json"
"""The file by which a study's folder is known."""

SHOWN = 5
"""So many damaged files are named in one message."""

MOVE = "move what you have put there to another folder"

UNLISTED = "was not published with the other files there"

Files = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Damage:
    """One file that is not what its manifest says.

    Attributes:
        path: the file.
        fault: what is wrong with it, to be read after its path.
    """

    path: Path
    fault: str


def seal(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of all of a manifest but its seal."""
    content = {name: value for name, value in manifest.items() if name != SEAL}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_manifest(directory: Path, manifest: Mapping[str, Any]) -> None:
    """Put a manifest, sealed, into the directory that it is of."""
    write_json(directory / MANIFEST, {**manifest, SEAL: seal(manifest)})


def listed(files: Mapping[str, Path | str]) -> dict[str, dict[str, Any]]:
    """The entries of a manifest: name → size and SHA-256 of a file, or of a text as UTF-8."""
    return {name: _entry(content) for name, content in sorted(files.items())}


def _entry(content: Path | str) -> dict[str, Any]:
    if isinstance(content, Path):
        return {"size": content.stat().st_size, "sha256": known_sha256(content)}
    raw = content.encode()
    return {"size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def read_manifest(directory: Path) -> dict[str, Any]:
    """A published directory's manifest. Raises AlphabarError when it is missing or damaged."""
    path = directory / MANIFEST
    try:
        manifest = load_json(path)
        if not isinstance(manifest, dict):
            raise ValueError("it holds no JSON object")
        _refuse_changed(manifest)
    except FileNotFoundError:
        raise AlphabarError(
            f"{path} does not exist", "give the directory of a published stage"
        ) from None
    except OSError as error:
        raise AlphabarError(
            f"{path} cannot be read: {error.strerror}", "make it a file that can be read"
        ) from error
    except ValueError as error:
        raise AlphabarError(f"{path} is broken: {error}", remedy(directory)) from error
    return manifest


def _refuse_changed(manifest: Mapping[str, Any]) -> None:
    """Raise ValueError for a manifest of ours that is not what was written."""
    files = manifest.get("files")
    formed = isinstance(files, dict) and all(map(_is_entry, files.values()))
    if not formed and not {SEAL, "key", "stage", "command"} & manifest.keys():
        return  # another program's
    if SEAL not in manifest:
        raise ValueError("it has no seal")
    if manifest[SEAL] != seal(manifest):
        raise ValueError("it is not what was written, as its seal shows")
    if not formed:
        raise ValueError("its `files` is not name → size and SHA-256")


def intact(path: Path) -> Path:
    """``path``, to be read: it is what the manifest of its directory says, if it has one.

    Raises:
        AlphabarError: it is missing, damaged, or was not published with the others; or the
            manifest is damaged.
    """
    for directory in list(path.absolute().parents)[:LEVELS]:
        files = _files(directory)
        if files is None:
            continue
        name = path.absolute().relative_to(directory).as_posix()
        if name == MANIFEST:  # its seal has been compared
            break
        if fault := _fault(path, files.get(name), contents=True):
            raise refusal(directory, [Damage(path, fault)])
        break
    return path


def check_listed(directory: Path) -> None:
    """`intact` for every file that the directory's manifest lists; others may lie beside them."""
    for name in _files(directory) or ():
        intact(directory / name)


def there(path: Path) -> bool:
    """Whether an optional file is to be read.

    Raises:
        AlphabarError: as `intact`; above all, the file was published and is missing.
    """
    return intact(path).is_file()


def check(directory: Path, *, contents: bool = True) -> None:
    """Compare a published directory with its manifest; nothing to do for one without.

    Args:
        contents: compare digests too, not only which files there are and their sizes.

    Raises:
        AlphabarError: names up to five files and what is wrong with them.
    """
    if found := list(damages(directory, contents=contents)):
        raise refusal(directory, found)


def damages(directory: Path, *, contents: bool = True) -> Iterator[Damage]:
    """What differs from the manifest: files damaged, missing, and those that it does not list.

    Raises:
        AlphabarError: the manifest is damaged itself.
    """
    files = _files(directory)
    if files is None:
        return
    for name, entry in files.items():
        if fault := _fault(directory / name, entry, contents=contents):
            yield Damage(directory / name, fault)
    known = {*files, MANIFEST}
    for path in sorted(directory.rglob("*")):
        place = path.relative_to(directory)
        hidden = any(part.startswith(".") for part in place.parts)
        if not hidden and place.as_posix() not in known and path.is_file():
            yield Damage(path, UNLISTED)


def refusal(directory: Path, found: list[Damage]) -> AlphabarError:
    """What is said of damaged files in ``directory``."""
    shown = "; ".join(f"{os.path.normpath(damage.path)} {damage.fault}" for damage in found[:SHOWN])
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    only_added = all(damage.fault == UNLISTED for damage in found)
    words = MOVE if only_added else remedy(directory)
    return AlphabarError(shown + more, words)


def remedy(directory: Path) -> str:
    """How a damaged directory is replaced."""
    directory = Path(os.path.normpath(directory))
    if (directory / STAMP).is_file() or (directory.parent / STAMP).is_file():
        return "run the experiment again: the report is put there anew, and answers are kept"
    if (directory / STUDY).is_file() and not KEY.fullmatch(directory.name):
        return (
            "run the experiment again, or export the study again to a new folder and copy the file "
            "from there: the same inputs give the same study, and answers stay where they are"
        )
    return (
        f"delete {directory} and run again: it is made anew, and what was made from it stays "
        "(a copy: copy it again)"
    )


def _fault(path: Path, entry: Mapping[str, Any] | None, *, contents: bool) -> str:
    """What is wrong with a file; empty when nothing is."""
    if not path.is_file():
        return "is missing" if entry is not None else ""
    if entry is None:
        return UNLISTED
    size = path.stat().st_size
    if size != entry["size"]:
        return f"is damaged: it has {size:,} bytes, and {entry['size']:,} were published"
    if contents and known_sha256(path) != entry["sha256"]:
        return "is damaged: its bytes are not those that were published (SHA-256)"
    return ""


def _files(directory: Path) -> Files | None:
    """The listed files; None where no manifest of ours is. Read once a state of the manifest."""
    try:
        state = file_state(directory / MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        if KEY.fullmatch(directory.name) and (directory.parent.parent / WORK).is_dir():
            raise AlphabarError(
                f"{directory} has lost its {MANIFEST}, so nobody knows what was published there",
                remedy(directory),
            ) from None
        return None
    return _read_files(directory, state)


@functools.lru_cache(maxsize=1 << 14)
def _read_files(directory: Path, state: FileState) -> Files | None:
    manifest = read_manifest(directory)
    if KEY.fullmatch(directory.name) and manifest.get("key") != directory.name:
        raise AlphabarError(
            f"{directory} holds the output of another stage run ({manifest.get('key')})",
            remedy(directory),
        )
    return manifest.get("files") if SEAL in manifest else None


def _is_entry(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("size"), int)
        and isinstance(value.get("sha256"), str)
    )
