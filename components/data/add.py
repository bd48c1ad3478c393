"""``alphabar data add``: a user's images checked whole, then copied to ``datasets/``."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from pydantic import TypeAdapter, ValidationError

from components.data.disk import only_writer
from components.data.faults import listed
from components.data.folder_files import FolderFiles, folder_files
from components.data.images import check_image, is_animated, is_square
from components.data.layouts.parquet import broken_rows, unpack
from components.data.layouts.shards import Shard, shards_of
from components.data.metadata import NAMES, Row, to_jsonl
from components.data.pin import USERS
from components.data.sources.folder import (
    DEFAULT_CAPTION_COLUMN,
    DEFAULT_LABEL_COLUMN,
    Reading,
    inspect,
    locate,
    reading_of,
)
from components.data.sources.rows import Columns, composed
from components.data.summary import Summary
from components.errors import AlphabarError, number_of
from components.files.full_disk import naming_a_full_disk
from components.files.put import put
from components.licences import licence_files
from components.runtime import Progress, silent
from components.spec.sections.base import Slug

METADATA = "metadata.jsonl"
"""What lists the images of a copy that had no one metadata file."""


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
    caption_column: str | None = DEFAULT_CAPTION_COLUMN,
    label_column: str = DEFAULT_LABEL_COLUMN,
    progress: Progress = silent,
) -> Added:
    """Check the images of ``source`` and copy them to ``<root>/datasets/<name>``.

    ``source`` is a folder in one of the layouts of `components.data.layouts`, or parquet files,
    whose images become files; the copy has one metadata file. Every listed image is decoded
    whole. An image in the folder that is not listed is a fault too: its owner believes that it is
    in the data. Files called LICENSE go along, others are left behind, and counted. The copy
    appears by one rename; after a fault or a kill there is none.

    Args:
        caption_column: None for images without captions, such as those of one subject; what needs
            captions refuses the copy later.

    Returns:
        the new folder, for ``dvc add``, and what was read.

    Raises:
        AlphabarError: the name is not valid or taken, the metadata is missing or broken, or
            images are at fault (the first ten are named), or the disk is full.
    """
    target = root / USERS / _valid(name)
    _refuse_taken(target, name)
    columns = Columns(caption_column, label_column)
    if not _has_metadata(source) and (shards := shards_of(source)):
        return _unpacked(source, shards, columns, target, progress)
    reading = inspect(source, caption_column, label_column)
    seen = _Seen()
    broken = _image_faults(source, reading.rows, seen, progress)
    found = _refuse_faulty(source, reading, [*broken.values()])
    summary = _summary(reading, seen, found, source)
    with _new_in(target.parent), put(target) as part:
        _refuse_taken(target, name)
        _copy(source, reading, part, progress)
    return Added(target, summary)


def _unpacked(
    source: Path, shards: Sequence[Shard], columns: Columns, target: Path, progress: Progress
) -> Added:
    """As `add_folder`, of parquet files: their images are checked where they are unpacked."""
    with _new_in(target.parent), put(target) as part:
        _refuse_taken(target, target.name)
        part.mkdir()
        unpacked = unpack(shards, columns.read, part, progress)
        reading = reading_of(unpacked.table, columns.caption, columns.label)
        seen = _Seen()
        broken = _image_faults(part, reading.rows, seen, progress) | unpacked.lost
        found = _refuse_faulty(source, reading, broken_rows(unpacked.table, broken))
        (part / METADATA).write_text(to_jsonl(reading.table), encoding="utf-8")
        _copy_licences(source, part)
        summary = _summary(reading, seen, found, source)
    return Added(target, summary)


def _has_metadata(source: Path) -> bool:
    return any((source / name).is_file() for name in NAMES)


def _refuse_faulty(source: Path, reading: Reading, broken: Sequence[str]) -> FolderFiles:
    """What lies in the folder, where there is no fault in it; raises AlphabarError."""
    found = folder_files(source) if source.is_dir() else FolderFiles((), ())
    known = reading.named | reading.table.files
    inside = (path.relative_to(source).as_posix() for path in found.images)
    unlisted = [f"{name} is not listed" for name in inside if composed(name) not in known]
    faults = [*reading.faults, *broken, *unlisted]
    if faults:
        raise AlphabarError(
            f"{source} has {number_of(len(faults), 'fault')}:{listed(faults)}",
            f"mend them in {source} and add it again; nothing has been copied",
        )
    return found


@contextlib.contextmanager
def _new_in(folder: Path) -> Iterator[None]:
    """Write into ``folder``, alone; where that fails and it is new, it is not there afterwards."""
    new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with naming_a_full_disk(folder), only_writer(folder):
            yield
    except BaseException:
        if new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _summary(reading: Reading, seen: "_Seen", found: FolderFiles, source: Path) -> Summary:
    taken = {path.name for path in licence_files(source)} | set(reading.table.files)
    left = (name for name in found.others if name not in taken)
    return Summary.of(reading, seen.pixels, seen.animated, seen.not_square, left)


def _copy_licences(source: Path, part: Path) -> None:
    for path in licence_files(source):
        shutil.copyfile(path, part / path.name)


def _copy(source: Path, reading: Reading, part: Path, progress: Progress) -> None:
    """Copy the images, and their table: as it stands where it is one file."""
    part.mkdir()
    _copy_licences(source, part)
    if reading.table.path.is_file():
        shutil.copyfile(reading.table.path, part / reading.table.path.name)
    else:
        (part / METADATA).write_text(to_jsonl(reading.table), encoding="utf-8")
    for done, row in enumerate(reading.rows, start=1):
        copy = part / row.file_name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(locate(source, row.file_name), copy)
        progress(done, len(reading.rows), f"copying {row.file_name}")


@dataclass(frozen=True)
class _Seen:
    """What the images hold: digests of their pixels by file name, which have several frames, and
    which are not square."""

    pixels: dict[str, bytes] = field(default_factory=dict)
    animated: list[str] = field(default_factory=list)
    not_square: list[str] = field(default_factory=list)


def _image_faults(
    source: Path, rows: Sequence[Row], seen: _Seen, progress: Progress
) -> dict[str, str]:
    """File → what is wrong with the image; the sound ones go into ``seen``."""
    faults = {}
    for done, row in enumerate(rows, start=1):
        try:
            path = locate(source, row.file_name)
            seen.pixels[row.file_name] = check_image(path)
            if is_animated(path):
                seen.animated.append(row.file_name)
            if not is_square(path):
                seen.not_square.append(row.file_name)
        except AlphabarError as error:
            faults[row.file_name] = error.what
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
    pin = pin_of(target)
    commands = [f"dvc remove {quote(str(pin))}"] if pin.exists() else []
    commands += [f"rm -r {quote(str(target))}"] if target.exists() else []
    if commands:
        raise AlphabarError(
            f"a dataset `{name}` exists already in {target.parent}",
            f"choose another name, or remove it first: {' && '.join(commands)}",
        )


def pin_of(folder: Path) -> Path:
    """The .dvc file beside a dataset's folder, which a kill in `dvc add` may leave away."""
    return folder.with_name(f"{folder.name}.dvc")
