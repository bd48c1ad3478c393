"""Folders of the user's choice, filled aside and put in place by one rename."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.manifest import (
    MANIFEST,
    STAMP,
    UNLISTED,
    WORK,
    damages,
    listed,
    read_manifest,
    write_manifest,
)
from components.files.put import put


@contextlib.contextmanager
def new_folder(out: Path, store: Path) -> Iterator[Path]:
    """A folder to fill that becomes ``out`` when all went well, and vanishes otherwise.

    It gets a manifest of all its files, so that whoever reads it finds what was changed since.

    Args:
        store: where stages are published, which is no place for it, even before it is there.

    Raises:
        AlphabarError: ``out`` exists, is no place for it or is being written by another command,
            or the disk is full.
    """
    refuse_taken(out, store)
    with _filled(out, {"command": "new"}) as part:
        yield part
        refuse_taken(out, store)  # somebody else may have put something there


@contextlib.contextmanager
def renewed_folder(out: Path, command: str, store: Path) -> Iterator[Path]:
    """As `new_folder`, but what the same ``command`` wrote at ``out`` before is replaced.

    Raises:
        AlphabarError: ``out`` holds anything else, is no place for it or is being written by
            another command, or the disk is full.
    """
    refuse_unless_renewable(out, command, store)
    with _filled(out, {"command": command}) as part:
        yield part
        refuse_unless_renewable(out, command, store)


def refuse_taken(out: Path, store: Path) -> None:
    """Raise AlphabarError where no new folder ``out`` can be made."""
    if out.exists():
        raise AlphabarError(f"{out} exists already", "give a folder that is not there yet")
    refuse_place(out, store)
    above = next(p for p in out.absolute().parents if p.exists() or p.is_symlink())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise AlphabarError(f"{out} cannot be made in {above}", "give a folder to be written to")


def refuse_unless_renewable(out: Path, command: str, store: Path) -> None:
    """Raise AlphabarError where ``out`` holds anything that ``command`` did not write."""
    refuse_place(out, store)
    if out.exists() and not (out.is_dir() and _written_by(out, command)):
        raise AlphabarError(
            f"{out} holds something that `alphabar {command}` has not written",
            "move it away, or give a new folder with --out",
        )


def refuse_place(out: Path, store: Path) -> None:
    """Raise AlphabarError where ``out`` lies in a store or in a folder that alphabar wrote."""
    place = out.resolve()
    for folder in place.parents:
        ours = (folder / STAMP).is_file() or _has_manifest(folder)
        if ours or folder == store or (folder / WORK).is_dir():
            what = "is a folder that alphabar wrote" if ours else "is a store"
            raise AlphabarError(
                f"{out} lies in {folder}, which {what}", "give a folder outside it with --out"
            )
    if place == store or (place / STAMP).is_file():
        raise AlphabarError(
            f"{out} is the store or an experiment's report", "give another folder with --out"
        )


def seal_folder(folder: Path, manifest: dict[str, Any]) -> None:
    """Put a manifest of every file below ``folder`` into it."""
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    write_manifest(folder, manifest | {"files": listed(found)})


def _has_manifest(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() and "seal" in read_manifest(folder)


def _written_by(out: Path, command: str) -> bool:
    """Whether ``out`` is empty or holds what ``command`` wrote, and nothing beside it."""
    if not any(out.iterdir()):
        return True
    if not (out / MANIFEST).is_file() or read_manifest(out).get("command") != command:
        return False
    return all(damage.fault != UNLISTED for damage in damages(out, contents=False))


@contextlib.contextmanager
def _filled(out: Path, manifest: dict[str, Any]) -> Iterator[Path]:
    with naming_a_full_disk(out), contextlib.ExitStack() as stack:
        try:
            part = stack.enter_context(put(out, wait=False))
        except (FileExistsError, FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise AlphabarError(
                f"{out} cannot be made: {error.strerror}", "give a folder that can be written to"
            ) from error
        part.mkdir()
        yield part
        seal_folder(part, manifest)
