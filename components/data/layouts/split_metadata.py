"""A metadata file in each split's folder, as Hugging Face's ImageFolder may have it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from components.data.metadata import NAMES, Table, read_table
from components.data.splits import is_split


def from_splits(folder: Path) -> Table | None:
    """The tables of ``train/``, ``test/`` and the like as one; None where there are no such.

    Raises:
        AlphabarError: one of them is broken.
    """
    inside = [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and is_split(path.name) and any((path / n).is_file() for n in NAMES)
    ]
    if not inside:
        return None
    tables = {path.name: read_table(path) for path in inside}
    columns = dict.fromkeys(column for table in tables.values() for column in table.columns)
    records = tuple(
        (f"{table.path.relative_to(folder)}, {place}", _moved(record, name))
        for name, table in tables.items()
        for place, record in table.records
    )
    files = frozenset(f"{name}/{file}" for name, table in tables.items() for file in table.files)
    notes = dict.fromkeys(note for table in tables.values() for note in table.notes)
    first = next(iter(tables.values()))
    return replace(
        first,
        path=folder,
        columns=tuple(columns),
        records=records,
        files=files,
        notes=(f"metadata is read in the folders {', '.join(tables)}", *notes),
    )


def _moved(record: dict[str, Any], folder: str) -> dict[str, Any]:
    """The row with its file's path as the whole dataset has it."""
    named = {c: v for c, v in record.items() if c.strip().casefold() == "file_name"}
    inside = {c: f"{folder}/{v.strip()}" for c, v in named.items() if isinstance(v, str)}
    return {**record, **inside}
