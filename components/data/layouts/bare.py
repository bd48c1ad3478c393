"""Images without a table: captions in texts beside them, classes in the names of their folders."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.data.folder_files import folder_files
from components.data.metadata import Table
from components.data.sources.places import classes
from components.errors import AlphabarError, first_of, quoted
from components.files.regular import refuse_link_out
from components.files.text_file import read_text

_MOST_BYTES = 2**20
_TEXTS = "captions are the lines of the .txt beside each image"
_CLASSES = "no captions are given: each image's is its class's name, with blanks for underscores"
_LINE_END = re.compile("\r\n|\r|\n")


def from_names(folder: Path) -> Table | None:
    """The table of images with a .txt beside each, one caption a line; or, where there is none,
    of images in class folders (torchvision's ImageFolder), whose captions are the classes' names
    with blanks for underscores. None where there is neither.

    Raises:
        AlphabarError: some images have a text and others none, or a text cannot be read.
    """
    images = folder_files(folder).images
    names = [path.relative_to(folder).as_posix() for path in images]
    if padded := [name for name in names if name != name.strip()]:
        raise AlphabarError(
            f"{len(padded)} of {len(names)} paths in {folder} begin or end with a blank "
            f"({quoted(padded[0])})",
            "rename those folders or files",
        )
    beside = [path.with_suffix(".txt") for path in images]
    told = [text.is_file() for text in beside]
    if any(told):
        if bare := [name for name, has in zip(names, told, strict=True) if not has]:
            raise AlphabarError(
                f"{len(bare)} of {len(names)} images of {folder} have no .txt beside them "
                f"({first_of(bare)})",
                "write one for each, or remove those images",
            )
        files = [text.relative_to(folder).as_posix() for text in beside]
        return _table(folder, names, [_captions(text, folder) for text in beside], files, _TEXTS)
    of = classes(names)
    if len(set(of) - {""}) < 2:
        return None
    if loose := [name for name, own in zip(names, of, strict=True) if not own]:
        raise AlphabarError(
            f"{len(loose)} of {len(names)} images of {folder} lie in no class's folder "
            f"({first_of(loose)})",
            "move them into one, or write a .txt with its captions beside each image",
        )
    return _table(folder, names, [name.replace("_", " ").strip() for name in of], [], _CLASSES)


def from_images(folder: Path) -> Table | None:
    """The table of images of which nothing is told; None where there are none."""
    images = folder_files(folder).images
    names = [path.relative_to(folder).as_posix() for path in images]
    records = tuple((name, {"file_name": name}) for name in names)
    return Table(folder, ("file_name",), records) if names else None


def _captions(path: Path, folder: Path) -> list[str]:
    """The captions in a text: its lines that are not blank."""
    refuse_link_out(path, folder)
    text = read_text(path, most=_MOST_BYTES, remedy="write one caption a line")
    return [line for line in _LINE_END.split(text) if line.strip()]


def _table(
    folder: Path, names: Sequence[str], captions: Sequence[Any], files: Sequence[str], note: str
) -> Table:
    places = files or names
    records = tuple(
        (place, {"file_name": name, "caption": caption})
        for place, name, caption in zip(places, names, captions, strict=True)
    )
    return Table(folder, ("file_name", "caption"), records, frozenset(files), notes=(note,))
