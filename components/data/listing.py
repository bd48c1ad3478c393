"""The files of a folder with their MD5s, and DVC's hash of such a listing.

DVC 3 hashes a directory as the MD5 of a JSON list of its files' MD5s and paths, sorted by path;
``dvc add`` writes that hash, with ``.dir`` behind it, into the .dvc file.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from components.errors import AlphabarError

Listing = dict[str, str]
"""Path inside a folder, with ``/`` → MD5 of the file's bytes."""


def directory_hash(folder: Path) -> str:
    """The hash that ``dvc add`` gives to ``folder``: 32 hexadecimal digits and ``.dir``."""
    return listing_hash(list_files(folder))


def list_files(folder: Path) -> Listing:
    """Every file below ``folder`` with its MD5, sorted by path.

    Raises:
        AlphabarError: something in it is neither a file nor a folder (DVC would skip a link
            to a folder without a word), or cannot be read.
    """
    listing: Listing = {}
    pending = [(str(folder), "")]
    try:
        while pending:
            directory, prefix = pending.pop()
            with os.scandir(directory) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        pending.append((entry.path, path + "/"))
                    elif entry.is_file():
                        listing[path] = _file_md5(entry.path)
                    else:
                        raise AlphabarError(
                            f"{entry.path} is neither a file nor a folder", "remove it"
                        )
    except OSError as error:
        raise AlphabarError(
            f"{error.filename or folder} cannot be read: {error.strerror}", "make it readable"
        ) from error
    return dict(sorted(listing.items()))


def list_contents(files: Iterable[tuple[str, bytes]]) -> Listing:
    """The listing of files in memory, sorted by path."""
    listing = {path: _md5(content) for path, content in files}
    return dict(sorted(listing.items()))


def below(listing: Mapping[str, str], inside: str) -> Listing:
    """The listing of the sub-folder ``inside``; the whole for ``.``."""
    if inside == ".":
        return dict(listing)
    prefix = f"{inside}/"
    return {
        path.removeprefix(prefix): md5 for path, md5 in listing.items() if path.startswith(prefix)
    }


def listing_json(listing: Mapping[str, str]) -> bytes:
    """A listing as DVC stores it (dvc_data.hashfile.tree.Tree.as_bytes)."""
    entries = [{"md5": md5, "relpath": path} for path, md5 in sorted(listing.items())]
    return json.dumps(entries, sort_keys=True).encode()


def listing_hash(listing: Mapping[str, str]) -> str:
    """DVC's hash of a directory with these files."""
    return _md5(listing_json(listing)) + ".dir"


def differences(actual: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """Every path that changed, is missing or is there besides, in words."""
    changed = [p for p in expected if p in actual and actual[p] != expected[p]]
    missing = [p for p in expected if p not in actual]
    extra = [p for p in actual if p not in expected]
    return (
        [f"{path} changed" for path in changed]
        + [f"{path} is missing" for path in missing]
        + [f"{path} does not belong there" for path in extra]
    )


def _file_md5(path: str) -> str:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - seven thousand Paths are slow
        if os.fstat(file.fileno()).st_size < 2**20:
            return _md5(file.read())
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
