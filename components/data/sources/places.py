"""What the folders' names say of images: which split they are in, and which class they have."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from components.data.metadata import Row
from components.data.splits import is_split
from components.errors import first_of


def split_folders(names: Sequence[str]) -> frozenset[str]:
    """The folders at the top, where every one of several bears a split's name (a class may be
    called `train` beside others); else none."""
    tops = frozenset(name.split("/")[0] for name in names if "/" in name)
    return tops if len(tops) > 1 and all(map(is_split, tops)) else frozenset()


def classes(names: Sequence[str]) -> list[str]:
    """The name of each image's own folder, which is its class; empty at the top, and in folders
    that are splits."""
    splits = split_folders(names)
    own = [PurePosixPath(name).parent.as_posix() for name in names]
    return ["" if folder in {".", *splits} else folder.split("/")[-1] for folder in own]


def split_by_folder(rows: Sequence[Row]) -> list[Row]:
    """The rows with the names of the folders at the top as their splits; as they are where those
    are no splits."""
    splits = split_folders([row.file_name for row in rows])
    tops = [row.file_name.split("/")[0] for row in rows]
    return [
        replace(row, split=top if top in splits else "")
        for row, top in zip(rows, tops, strict=True)
    ]


def labelled_by_folder(rows: Sequence[Row]) -> list[Row]:
    """The rows with their folders' names as labels, where there are several such names."""
    names = classes([row.file_name for row in rows])
    if len(set(names)) < 2:
        return list(rows)
    return [replace(row, label=name) for row, name in zip(rows, names, strict=True)]


def misplaced(rows: Sequence[Row]) -> list[str]:
    """Faults of images that lie in no class's folder where others do."""
    of = classes([row.file_name for row in rows])
    names = sorted(set(of) - {""})
    if len(names) < 2 or "" not in of:
        return []
    several = first_of(names, most=3)
    return [
        f"{row.file_name} lies beside the folders {several}, which would be classes: move it into "
        "one, or give a column `label`"
        for row, name in zip(rows, of, strict=True)
        if not name
    ]
