"""The table beside a folder's images: metadata.csv or metadata.jsonl, as Hugging Face has it."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.tables import csv_lines

NAMES = ("metadata.csv", "metadata.jsonl")


@dataclass(frozen=True)
class Row:
    """One image of a folder.

    Attributes:
        file_name: path inside the folder, with ``/``.
        label: the class's name, empty when the image has none.
        caption: what the image shows, in words.
        style: which rendering of the drawing this is, empty when there is only one.
        drawing: shared by all renderings of one drawing.
    """

    file_name: str
    label: str
    caption: str
    style: str
    drawing: str


@dataclass(frozen=True)
class Table:
    """A metadata file as it stands: its columns, and per row (line number, column → value)."""

    path: Path
    columns: tuple[str, ...]
    records: tuple[tuple[int, dict[str, Any]], ...]


def to_csv(rows: Iterable[Row]) -> bytes:
    """``rows`` as a metadata.csv, UTF-8 with ``\\n`` line ends."""
    header = [field.name for field in fields(Row)]
    return "".join(csv_lines([header, *map(astuple, rows)])).encode()


def read_table(folder: Path) -> Table:
    """Read the folder's metadata file.

    Raises:
        AlphabarError: the folder or the file is missing, there are both kinds of file, or it
            does not parse; the message names the line.
    """
    if not folder.is_dir():
        raise AlphabarError(f"{folder} is not a folder", "give the folder that holds the images")
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) != 1:
        fault = "both" if found else "neither"
        raise AlphabarError(
            f"{folder} has {fault} of {' and '.join(NAMES)}",
            "keep one of them, with the column `file_name` and one row per image",
        )
    path = found[0]
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AlphabarError(f"{path} is not UTF-8: {error}", "save it as UTF-8") from error
    table = _from_csv(path, text) if path.suffix == ".csv" else _from_jsonl(path, text)
    if not table.records:
        raise AlphabarError(f"{path} lists no image", "add one row per image")
    return table


def _from_csv(path: Path, text: str) -> Table:
    # newline="": the csv module itself treats line ends, those inside quotes too
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    records = []
    try:
        columns = tuple(reader.fieldnames or ())
        for record in reader:
            if None in record:  # DictReader's place for fields beyond the header
                raise _broken(path, reader.line_num, "it has more fields than the header")
            records.append((reader.line_num, dict(record)))
    except csv.Error as error:
        raise _broken(path, reader.reader.line_num, str(error)) from error
    return Table(path, columns, tuple(records))


def _from_jsonl(path: Path, text: str) -> Table:
    records: list[tuple[int, dict[str, Any]]] = []
    columns: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _broken(path, number, f"it is not JSON: {error}") from error
        if not isinstance(record, dict):
            raise _broken(path, number, f"it holds {type(record).__name__}, not an object")
        records.append((number, record))
        columns |= dict.fromkeys(record)
    return Table(path, tuple(columns), tuple(records))


def _broken(path: Path, line: int, fault: str) -> AlphabarError:
    return AlphabarError(f"{path}, line {line}: {fault}", "mend that line")
