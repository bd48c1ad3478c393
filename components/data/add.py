"""``alphabar data add``: a user's ImageFolder checked whole, then copied to ``datasets/``."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from components.data.disk import only_writer
from components.data.faults import listed
from components.data.folder_files import folder_files
from components.data.images import check_image, is_animated
from components.data.metadata import Row
from components.data.pin import USERS
from components.data.sources.folder import DEFAULT_LABEL_COLUMN, Reading, inspect, locate
from components.data.sources.rows import composed
from components.data.summary import Summary
from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.put import put
from components.runtime import Progress, silent
from components.spec.sections.base import Slug


@dataclass(frozen=True)
class Added:
    """A copied folder, and what was read of the user's."""

    folder: Path
    summary: Summary


def add_folder(
    source: Path,
    name: str,
    root: Path,
    *,
    caption_column: str = "caption",
    label_column: str = DEFAULT_LABEL_COLUMN,
    progress: Progress = silent,
) -> Added:
    """Check the ImageFolder ``source`` and copy it to ``<root>/datasets/<name>``.

    Every listed image is decoded whole. An image in the folder that is not listed is a fault
    too: its owner believes that it is in the data. Other files are left behind, and counted.
    The copy appears by one rename; after a fault or a kill there is none.

    Returns:
        the new folder, for ``dvc add``, and what was read.

    Raises:
        AlphabarError: the name is not valid or taken, the metadata is missing or broken, or
            images are at fault (the first ten are named), or the disk is full.
    """
    target = root / USERS / _valid(name)
    _refuse_taken(target, name)
    reading = inspect(source, caption_column, label_column)
    found = folder_files(source)
    seen = _Seen()
    faults = [*reading.faults, *_image_faults(source, reading.rows, seen, progress)]
    inside = (path.relative_to(source).as_posix() for path in found.images)
    faults += [f"{name} is not listed" for name in inside if composed(name) not in reading.named]
    if faults:
        raise AlphabarError(
            f"{source} has {len(faults)} fault(s):{listed(faults)}",
            f"mend them in {source} and add it again; nothing has been copied",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming_a_full_disk(target.parent), only_writer(target.parent):
        _refuse_taken(target, name)
        _copy(source, reading, target, progress)
    left = (name for name in found.others if name != reading.metadata.name)
    return Added(target, Summary.of(reading, seen.pixels, seen.animated, left))


def _copy(source: Path, reading: Reading, target: Path, progress: Progress) -> None:
    with put(target) as part:
        part.mkdir()
        shutil.copyfile(reading.metadata, part / reading.metadata.name)
        for done, row in enumerate(reading.rows, start=1):
            copy = part / row.file_name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(locate(source, row.file_name), copy)
            progress(done, len(reading.rows), f"copying {row.file_name}")


@dataclass(frozen=True)
class _Seen:
    """What the images hold: digests of their pixels by file name, and which have several frames."""

    pixels: dict[str, bytes] = field(default_factory=dict)
    animated: list[str] = field(default_factory=list)


def _image_faults(source: Path, rows: Sequence[Row], seen: _Seen, progress: Progress) -> list[str]:
    """What is wrong with the listed images; the sound ones go into ``seen``."""
    faults = []
    for done, row in enumerate(rows, start=1):
        try:
            path = locate(source, row.file_name)
            seen.pixels[row.file_name] = check_image(path)
            if is_animated(path):
                seen.animated.append(row.file_name)
        except AlphabarError as error:
            faults.append(error.what)
        progress(done, len(rows), f"checking {row.file_name}")
    return faults


def _valid(name: str) -> str:
    try:
        return TypeAdapter(Slug).validate_python(name)
    except ValidationError:
        raise AlphabarError(
            f"the name {name!r} is not valid",
            "use up to 64 small letters, digits, `-` and `_`, beginning with a letter or digit",
        ) from None


def _refuse_taken(target: Path, name: str) -> None:
    if target.exists() or target.with_name(f"{name}.dvc").exists():
        raise AlphabarError(
            f"a dataset `{name}` exists already in {target.parent}",
            f"choose another name, or remove it first: dvc remove {target}.dvc && rm -r {target}",
        )
