"""Which columns of a metadata file are meant: names regardless of case, and remedies by name."""

import difflib
from collections.abc import Iterable
from dataclasses import replace

from components.data.metadata import Table
from components.errors import AlphabarError, first_of

FILE_NAME = "file_name"

_CALLED = {
    FILE_NAME: ("file", "filename", "image", "image_file", "path", "file_path", "image_path"),
    "caption": ("captions", "text", "prompt", "description", "title", "sentence", "txt"),
    "label": ("class", "labels", "category", "class_name"),
}
"""What other programs call the columns that are read here."""
_LONGEST = 60
"""Letters of a name that is compared."""


def meant(table: Table, wanted: Iterable[str]) -> Table:
    """``table`` with each wanted column under its wanted name, however its header is written.

    Case and surrounding blanks do not tell columns apart. Two wanted names may mean one column.

    Raises:
        AlphabarError: two columns differ in nothing else, so that either may be meant.
    """
    source: dict[str, str] = {}
    for name in wanted:
        alike = [column for column in table.columns if bare(column) == bare(name)]
        if len(alike) > 1:
            several = " and ".join(f"`{column}`" for column in alike)
            raise AlphabarError(
                f"{table.path} has the columns {several}, which differ in their case only",
                f"keep the one that is `{name}`, and rename or remove the others",
            )
        if alike:
            source[name] = alike[0]
    renamed = {column for name, column in source.items() if name != column}
    if not renamed:
        return table
    columns = [*source, *(c for c in table.columns if c not in source.values())]
    records = tuple(
        (line, record | {name: record.get(column) for name, column in source.items()})
        for line, record in table.records
    )
    return replace(table, columns=tuple(columns), records=records)


def require(table: Table, column: str, role: str) -> None:
    """Raise AlphabarError unless the table has ``column``.

    Args:
        role: what the column is for: ``file_name``, ``caption`` or ``label``.
    """
    if column in table.columns:
        return
    present = first_of([f"`{name}`" for name in table.columns])
    what = f"{table.path} has no column `{column}`; it has {present}"
    raise AlphabarError(what, _remedy(table, column, role))


def _remedy(table: Table, column: str, role: str) -> str:
    likely = likely_column(table, column, role)
    if role == FILE_NAME:
        if likely:
            return f"rename the column `{likely}` to `{FILE_NAME}`"
        return f"add a column `{FILE_NAME}` with each image's path inside the folder"
    return (
        f"name the one that holds it: `--{role}-column {likely or 'NAME'}` "
        f"(`data.{role}_column` in an experiment); or add a column `{column}`"
    )


def likely_column(table: Table, column: str, role: str) -> str | None:
    """The column that may be the one of ``role``; None where none looks so."""
    others = {FILE_NAME, "style", "drawing", "split"} | (_CALLED.keys() - {role})
    free = {bare(name): name for name in table.columns if bare(name) not in others}
    short = [name for name in free if len(name) < _LONGEST]
    close = difflib.get_close_matches(bare(column)[:_LONGEST], short, n=1)
    called = [name for name in (role, *_CALLED[role]) if name in free]
    found = called + close if column == role else close + called
    return free[found[0]] if found else None


def bare(name: str) -> str:
    """A column's name without what does not tell columns apart: case and surrounding blanks."""
    return name.strip().casefold()


ABSENT = ("NaN", "nan", "<NA>", "None")
"""What pandas and others write into a text for an empty cell."""


def with_absent_told(table: Table, column: str) -> Table:
    """The table with a note of how many cells of the texts in ``column`` read as an empty cell does
    in the texts of other programs: a drawing may be called so.

    Raises:
        AlphabarError: all of them do.
    """
    texts = [text for _, record in table.records if isinstance(text := record.get(column), str)]
    filled = [text.strip() for text in texts if text.strip()]
    absent = [text for text in filled if text in ABSENT]
    if not absent:
        return table
    read = f"`{absent[0]}`, as pandas writes an empty cell"
    if len(absent) == len(filled):
        raise AlphabarError(
            f"every cell of the column `{column}` of {table.path} that holds anything reads {read}",
            "fill it in, or name another column",
        )
    count = f"{len(absent)} of {len(filled)} cells of `{column}`"
    return replace(table, notes=(*table.notes, f"{count} read {read}: they are taken as texts"))
