"""An ImageFolder: images and a metadata file that lists them. Packaged sources lie so too."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from components.data.faults import listed
from components.data.metadata import Row, Table, read_table
from components.errors import AlphabarError
from components.spec.loading import nearest

DEFAULT_LABEL_COLUMN = "label"


@dataclass(frozen=True)
class Reading:
    """A folder's rows, and what is wrong with the others, in words."""

    metadata: Path
    rows: tuple[Row, ...]
    faults: tuple[str, ...]


def read_rows(folder: Path, caption_column: str, label_column: str) -> tuple[Row, ...]:
    """All rows of the folder's metadata file, in its order; raises AlphabarError on any fault."""
    reading = inspect(folder, caption_column, label_column)
    if reading.faults:
        raise AlphabarError(
            f"{reading.metadata} has {len(reading.faults)} fault(s):{listed(reading.faults)}",
            "mend those rows",
        )
    return reading.rows


def inspect(folder: Path, caption_column: str, label_column: str) -> Reading:
    """Read the metadata file and collect the faults of its rows.

    The columns ``file_name`` and ``caption_column`` must be there; ``style`` and ``drawing``
    are read where they are. Without the column ``label`` an image's class is its sub-folder's
    name, as Hugging Face has it, when there are at least two such names; else it has none.

    Raises:
        AlphabarError: the file is missing or broken, or a column that is asked for is not there.
    """
    table = read_table(folder)
    _require(table, "file_name")
    _require(table, caption_column)
    if label_column != DEFAULT_LABEL_COLUMN:
        _require(table, label_column)
    faults: list[str] = []
    rows = []
    for line, record in table.records:
        try:
            rows.append(_row(record, caption_column, label_column))
        except ValueError as error:
            faults.append(f"line {line}: {error}")
    counts = Counter(row.file_name for row in rows)
    faults += [f"{name} is listed {n} times" for name, n in counts.items() if n > 1]
    if label_column in table.columns:
        unlabelled = [row.file_name for row in rows if not row.label]
        if len(unlabelled) < len(rows):  # some have a label, so all should
            faults += [f"{name} has no `{label_column}`" for name in unlabelled]
        return Reading(table.path, tuple(rows), tuple(faults))
    return Reading(table.path, tuple(_labelled_by_folder(rows)), tuple(faults))


def locate(folder: Path, file_name: str) -> Path:
    """The listed file's path. Raises AlphabarError unless it is a regular file in ``folder``."""
    path = folder / safe_name(file_name)
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links that run in a circle
        raise AlphabarError(f"{path} is missing", "add the file, or remove its row") from None
    if not real.is_relative_to(folder.resolve()):
        raise AlphabarError(f"{path} is a link that leads out of {folder}", "copy the file there")
    if not real.is_file():
        raise AlphabarError(f"{path} is not a regular file", "remove its row")
    return path


def safe_name(file_name: str) -> str:
    """``file_name`` again. Raises AlphabarError when it may point outside, or is hidden.

    Hidden names are refused because DVC would not pin what lies in a folder such as ``.git``.
    """
    parts = file_name.split("/")
    fault = None
    if PurePosixPath(file_name).is_absolute() or "\\" in file_name:
        fault = "is not a relative path with `/`"
    elif ".." in parts:
        fault = "leads out of the folder"
    elif any(part == "" or part.startswith(".") for part in parts):
        fault = "has a hidden or empty part"
    elif not file_name.isprintable():
        fault = "has control characters"
    if fault:
        raise AlphabarError(f"file_name {file_name!r} {fault}", "name a file inside the folder")
    return file_name


def _row(record: dict[str, Any], caption_column: str, label_column: str) -> Row:
    """One row; raises ValueError with the fault in words."""
    file_name = _text(record, "file_name")
    if not file_name:
        raise ValueError("`file_name` is empty")
    try:
        safe_name(file_name)
    except AlphabarError as error:
        raise ValueError(error.what) from None
    caption = _text(record, caption_column)
    if not caption:
        # an empty caption is what the unconditional half of guidance is trained on
        raise ValueError(f"{file_name} has no `{caption_column}`")
    return Row(
        file_name,
        _text(record, label_column),
        caption,
        _text(record, "style"),
        _text(record, "drawing") or file_name,
    )


def _text(record: dict[str, Any], column: str) -> str:
    value = record.get(column)
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise ValueError(f"`{column}` holds {type(value).__name__}, not a text")
    return str(value).strip()


def _labelled_by_folder(rows: Sequence[Row]) -> list[Row]:
    names = [PurePosixPath(row.file_name).parent.name for row in rows]
    if "" in names or len(set(names)) < 2:
        names = [""] * len(rows)
    return [
        Row(row.file_name, name, row.caption, row.style, row.drawing)
        for row, name in zip(rows, names, strict=True)
    ]


def _require(table: Table, column: str) -> None:
    if column not in table.columns:
        present = ", ".join(f"`{name}`" for name in table.columns)
        raise AlphabarError(
            f"{table.path} has no column `{column}`; it has {present}",
            nearest(column, list(table.columns)),
        )
