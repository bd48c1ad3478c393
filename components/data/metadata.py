"""The table beside a folder's images: metadata.csv or metadata.jsonl, as Hugging Face has it."""

import csv
import io
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from components.errors import AlphabarError
from components.files.json_file import parse_json
from components.files.regular import refuse_link_out
from components.files.tables import MOST_BYTES, csv_lines, plain
from components.files.text_file import read_text

NAMES = ("metadata.csv", "metadata.jsonl")
COLUMNS = ("file_name", "label", "caption", "style", "drawing")
"""Of the packaged sources' metadata.csv."""

SEPARATORS = (",", ";", "\t", "|")
"""Between a CSV's cells; the header says which: spreadsheets of many countries write ``;``."""
SPLIT_COLUMN = "the column `split`"
_BARE = "cells are not quoted as a CSV's are: their quotation marks are read as letters"


@dataclass(frozen=True)
class Row:
    """One image of a folder.

    Attributes:
        file_name: path inside the folder, with ``/``.
        label: the class's name, empty when the image has none.
        caption: what the image shows, in words: the first of its captions.
        style: which rendering of the drawing this is, empty when there is only one.
        drawing: shared by all renderings of one drawing.
        split: the user's own word for its split, empty when there is none.
        more: its further captions.
    """

    file_name: str
    label: str
    caption: str
    style: str
    drawing: str
    split: str = ""
    more: tuple[str, ...] = ()

    @property
    def captions(self) -> tuple[str, ...]:
        """All of its captions."""
        return (self.caption, *self.more)


@dataclass(frozen=True)
class Table:
    """What lists a folder's images, as it stands: columns, and of each row where it stands, in
    words, and its values by column.

    Attributes:
        path: the metadata file, or the folder where several files or names say it.
        files: what was read of the folder, as paths in it.
        separator: between a CSV's cells; a comma for other tables.
        notes: what else there is to be said of how the folder was read.
        split_by: what says the values of ``split``, in words.
    """

    path: Path
    columns: tuple[str, ...]
    records: tuple[tuple[str, dict[str, Any]], ...]
    files: frozenset[str] = frozenset()
    separator: str = ","
    notes: tuple[str, ...] = ()
    split_by: str = SPLIT_COLUMN


def to_csv(rows: Iterable[Row]) -> bytes:
    """``rows`` as a metadata.csv of `COLUMNS`, UTF-8 with ``\\n`` line ends."""
    cells = ([getattr(row, column) for column in COLUMNS] for row in rows)
    return "".join(csv_lines([COLUMNS, *cells])).encode()


def to_jsonl(table: Table) -> str:
    """The table's rows as a metadata.jsonl, without their empty cells."""
    told = (
        {name: record[name] for name in table.columns if _holds(record.get(name))}
        for _, record in table.records
    )
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in told)


def _holds(value: object) -> bool:
    return value is not None and value == value  # NaN is pandas' empty cell


def read_table(folder: Path) -> Table:
    """Read the folder's metadata file.

    A CSV's cells are read as `components.files.tables.plain` has them: an apostrophe that
    keeps a spreadsheet from running a cell is no part of the text.

    Raises:
        AlphabarError: the folder or the file is missing, there are both kinds of file, or it
            does not parse; the message names the line.
    """
    path = _metadata_file(folder)
    refuse_link_out(path, folder)
    text = read_text(path, most=MOST_BYTES, remedy="give a table of one row per image")
    table = parse_csv(path, text, "file_name") if path.suffix == ".csv" else _from_jsonl(path, text)
    if not table.records:
        raise AlphabarError(f"{path} lists no image", "add one row per image")
    return table


def _metadata_file(folder: Path) -> Path:
    if not folder.is_dir():
        raise AlphabarError(f"{folder} is not a folder", "give the folder that holds the images")
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) > 1:
        raise AlphabarError(
            f"{folder} has both {' and '.join(NAMES)}", "keep the one that is meant"
        )
    if not found:
        tables = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in (".csv", ".jsonl"))
        add = (
            "write a metadata.csv with the columns `file_name` and `caption`, a row per image; or "
            "a .txt with its captions beside each image; or put the images into a folder a class"
        )
        if tables:
            add += f"; or is it {tables[0]}? Then rename it to metadata{Path(tables[0]).suffix}"
        add += "; images of one subject need none: `data add --no-captions`"
        raise AlphabarError(f"{folder} has neither {' nor '.join(NAMES)}", add)
    return found[0]


def parse_csv(path: Path, text: str, column: str) -> Table:
    """The table in the text of a CSV file.

    Args:
        column: one that it is to have; the separator is the one with which the header has it,
            and a tab in a .tsv. What tabs separate may be quoted or not; `Table.notes` says it
            where it cannot be.

    Raises:
        AlphabarError: it is no CSV; the message names the line.
    """
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(text, column)
    bare = separator == "\t" and not _is_quoted(text)
    quoting: Literal[0, 3] = csv.QUOTE_NONE if bare else csv.QUOTE_MINIMAL
    # newline="": the csv module itself treats line ends, those inside quotes too
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, strict=True, delimiter=separator, quoting=quoting)
    records = []
    try:
        columns = tuple(plain(cell.strip()) for cell in next(reader, []))
        for name in columns:
            if columns.count(name) > 1:
                raise _broken(path, reader.line_num, f"the column `{name}` stands there twice")
        for cells in reader:
            if not cells:
                continue
            if len(cells) > len(columns):
                raise _broken(path, reader.line_num, "it has more fields than the header")
            texts = [plain(cell) for cell in cells]
            records.append((f"line {reader.line_num}", dict(zip(columns, texts, strict=False))))
    except csv.Error as error:
        raise _broken(path, reader.line_num, str(error)) from error
    notes = (_BARE,) if bare else ()
    return Table(path, columns, tuple(records), frozenset({path.name}), separator, notes)


def _is_quoted(text: str) -> bool:
    """Whether the marks of a table with tabs quote its cells: its header is quoted, or all stand
    where a CSV has them."""
    if text.startswith('"'):
        return True
    try:
        deque(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter="\t"), maxlen=0)
    except csv.Error:
        return False
    return True


def _separator(text: str, column: str) -> str:
    """What stands between the header's cells: that with which one of them is ``column``."""
    header = text.splitlines()[0] if text else ""
    for separator in SEPARATORS:
        names = (cell.strip().strip('"').strip().casefold() for cell in header.split(separator))
        if column in names:
            return separator
    return max(SEPARATORS, key=header.count)


def _from_jsonl(path: Path, text: str) -> Table:
    records: list[tuple[str, dict[str, Any]]] = []
    columns: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = parse_json(line, finite=False)  # pandas' empty cell is NaN
        except ValueError as error:
            raise _broken(path, number, f"it is not JSON: {error}") from error
        if not isinstance(record, dict):
            raise _broken(path, number, f"it holds {type(record).__name__}, not an object")
        records.append((f"line {number}", record))
        columns |= dict.fromkeys(record)
    return Table(path, tuple(columns), tuple(records), frozenset({path.name}))


def _broken(path: Path, line: int, fault: str) -> AlphabarError:
    return AlphabarError(f"{path}, line {line}: {fault}", "mend that line")
