"""Images and captions in parquet files, as Hugging Face exports a dataset."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.data.columns import FILE_NAME, bare
from components.data.images import suffix_of
from components.data.layouts.parquet_columns import CAPTION, TEXT, columns_of
from components.data.layouts.shards import Shard
from components.data.metadata import SPLIT_COLUMN, Table
from components.data.sources.folder import locate
from components.errors import AlphabarError, first_of, number_of, shortened
from components.runtime import Progress

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_AT_ONCE = 16
"""Rows in memory."""
_NAMED = 500
"""Broken rows of a shard that are named by their number."""
IMAGES = "images"


@dataclass(frozen=True)
class Unpacked:
    """Images as files, and what lists them.

    Attributes:
        lost: file → why its row has no image, in words; the file is empty.
    """

    table: Table
    lost: dict[str, str]


def unpack(
    shards: Sequence[Shard], wanted: frozenset[str], into: Path, progress: Progress
) -> Unpacked:
    """Write the images of all shards as files into the folder ``into``.

    Rows of one split with the same path to the same image share its file. A column of splits
    says more than the shard's name.

    Args:
        wanted: the columns that are read besides the images, in any case.

    Raises:
        AlphabarError: a shard is broken or has no column of images.
    """
    (into / IMAGES).mkdir()
    total = sum(_opened(shard).metadata.num_rows for shard in shards)
    writing, renamed = _Writing(into, shards[0].folder), False
    records: list[tuple[str, dict[str, Any]]] = []
    columns: dict[str, None] = {}
    split_by: dict[str, None] = {}
    named: set[str] = set()
    for shard in shards:
        known = columns_of(_opened(shard).schema_arrow, wanted, shard)
        if known.split:
            split_by[SPLIT_COLUMN] = None
        elif shard.split:
            split_by["the files' names"] = columns["split"] = None
        renamed |= any(name != called for name, called in known.called.items())
        columns |= dict.fromkeys((*known.called.values(), *known.others))
        named |= {name for name in known.others if bare(name) == FILE_NAME}
        for row, cells in enumerate(_rows(shard, [known.image, *known.called])):
            image = cells.pop(known.image)
            record = {
                known.called[c]: _named(value, known.names.get(c)) for c, value in cells.items()
            }
            if shard.split and not known.split:
                record["split"] = shard.split
            split = str(record.get(known.split or "split"))
            record[FILE_NAME] = writing.add(image, split, shard.path.parent)
            records.append((f"{shard.name}, row {row}", record))
            progress(len(records), total, f"unpacking {shard.name}")
    if not records:
        raise AlphabarError(f"{shards[0].path} has no row", "give a dataset with images")
    files = frozenset((*(shard.name for shard in shards), *writing.beside))
    notes = [f"unpacked from {number_of(len(shards), 'parquet file')}"]
    if renamed:
        notes.append(f"captions are read in the column `{TEXT}`, and called `{CAPTION}` here")
    if named:
        notes.append(f"the images' names in the column `{FILE_NAME}` are not kept")
    table = Table(
        shards[0].folder,
        (FILE_NAME, *(name for name in columns if name not in named)),
        tuple(records),
        files,
        notes=tuple(notes),
        split_by=" and ".join(split_by),
    )
    return Unpacked(table, writing.lost)


def broken_rows(table: Table, broken: Mapping[str, str]) -> list[str]:
    """Faults of images that cannot be read: one a shard, with the numbers of all its rows.

    Args:
        broken: file → what is wrong with it, in words.
    """
    rows: dict[str, list[tuple[str, str]]] = {}
    for place, record in table.records:
        if (why := broken.get(record["file_name"])) is not None:
            shard, row = place.rsplit(", row ", 1)
            rows.setdefault(shard, []).append((row, why.rpartition(record["file_name"])[2].strip()))
    return [
        f"{shard}: the images of {number_of(len(of), 'row')} cannot be read: "
        f"{first_of([row for row, _ in of], most=_NAMED)} (counted from 0); of row {of[0][0]}: "
        f"{of[0][1]}"
        for shard, of in rows.items()
    ]


def _opened(shard: Shard) -> "pq.ParquetFile":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(shard.path)
    except (OSError, pa.ArrowException) as error:
        raise _broken(shard, error) from None


def _broken(shard: Shard, error: Exception) -> AlphabarError:
    said = shortened(str(error).splitlines()[0] if str(error) else error, 200)
    return AlphabarError(
        f"{shard.path} is no whole parquet file: {said}", "copy or download it again"
    )


def _rows(shard: Shard, columns: list[str]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    try:
        for batch in _opened(shard).iter_batches(batch_size=_AT_ONCE, columns=columns):
            yield from batch.to_pylist()
    except UnicodeDecodeError as error:
        raise AlphabarError(
            f"{shard.path} has a text that is not UTF-8: {error}", "write its texts in UTF-8"
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise _broken(shard, error) from None


def _named(value: Any, names: list[str] | None) -> Any:
    """The class's name for its number; -1 is Hugging Face's word for none."""
    if names is None or not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None


@dataclass
class _Writing:
    """Images that are written into a folder, each once.

    Attributes:
        root: the dataset's folder.
        names: (path, split, digest) → the file.
        lost: file → why it is empty.
        beside: images that lay in the dataset as files, as paths in it.
    """

    into: Path
    root: Path
    names: dict[tuple[str, str, bytes], str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    beside: set[str] = field(default_factory=set)
    count: int = 0

    def add(self, cell: Any, split: str, folder: Path) -> str:
        """Write the image of a cell, which may be a path from ``folder`` or from the dataset's; the
        file's name."""
        content, path = cell, ""
        if isinstance(cell, dict):
            content, path = cell.get("bytes"), cell.get("path") or ""
        elif isinstance(cell, str):
            content, path = None, cell
        why = "it has no image"
        if content is None and path:
            content, why = self._read(path, folder)
        content = content or b""
        key = path, split, hashlib.blake2b(content, digest_size=16).digest()
        if path and content and key in self.names:
            return self.names[key]
        name = self.names[key] = f"{IMAGES}/{self.count:07d}{suffix_of(content)}"
        self.count += 1
        (self.into / name).write_bytes(content)
        if not content:
            self.lost[name] = why
        return name

    def _read(self, path: str, folder: Path) -> tuple[bytes, str]:
        """The bytes of an image that lies in the dataset, and why there are none."""
        inside = folder if (folder / path).is_file() else self.root
        try:
            found = locate(inside, path)
        except AlphabarError as error:
            return b"", error.what
        self.beside.add(found.relative_to(self.root).as_posix())
        return found.read_bytes(), "the file is empty"
