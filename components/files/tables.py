"""Every CSV table is written and read here, so that a spreadsheet runs none of its cells.

Text that a spreadsheet may take for a formula gets a leading apostrophe (`neutral`), and the
readers take it away again (`plain`), so that a caption such as "=cat" keeps its value for the
models. The rule is one-to-one: what looks as if it had been neutralised gets one more.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MARK = "'"
MOST_BYTES = 2**30
"""The largest table that is read."""

_STARTS = frozenset("=+-@\u2212")
"""What begins a formula, with the minus sign; compatibility forms (full-width, small) count too."""
_BREAKS = ("\t", "\r", "\n")
_UNSEEN = frozenset("ZCM")
"""First letters of the Unicode categories that a spreadsheet may drop before it looks:
separators, control and format characters, combining marks."""


def neutral(value: object) -> object:
    """``value`` as a cell: an apostrophe stands before text that a spreadsheet might run."""
    if isinstance(value, str):
        return MARK + value if _begins_a_formula(value.lstrip(MARK)) else value
    return "" if value is None else value


def plain(cell: str) -> str:
    """The text that `neutral` made ``cell`` of."""
    marked = cell.startswith(MARK) and _begins_a_formula(cell.lstrip(MARK))
    return cell[1:] if marked else cell


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Rows of cells as lines of CSV, ``\\n`` behind each, every text neutral.

    A cell with a line end of any kind is quoted, a bare carriage return too (before Python 3.13
    the csv module quotes only what its own line end holds).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in rows:
        writer.writerow([neutral(value) for value in row])
        yield buffer.getvalue().removesuffix("\r\n") + "\n"
        buffer.seek(0)
        buffer.truncate()


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a header and rows as CSV, UTF-8; the rows may come one by one."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines([columns]))
        file.writelines(csv_lines(rows))


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write mappings as CSV with all their columns, in the order of first appearance."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    write_table(path, columns, ([row.get(column) for column in columns] for row in rows))


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a table that was written here, column → text as it was before `neutral`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is too large, not UTF-8, or not CSV, or a row has not as many cells as the
            header.
    """
    return list(stream_csv(path))


def stream_csv(path: Path) -> Iterator[dict[str, str]]:
    """As `read_csv`, row by row: of a long table no more is in memory than is kept of it."""
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES / 2**20:g} MiB")
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv_rows(file)


def csv_rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """As `read_csv`, row by row, from lines with their line ends; raises ValueError."""
    reader = csv.reader(lines, strict=True)
    try:
        columns = [plain(cell) for cell in next(reader, [])]
        for cells in reader:
            if not cells:  # a blank line
                continue
            if len(cells) != len(columns):
                raise ValueError(
                    f"line {reader.line_num} has {len(cells)} cells, the header {len(columns)}"
                )
            yield dict(zip(columns, map(plain, cells), strict=True))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error


def _begins_a_formula(text: str) -> bool:
    if text.startswith(_BREAKS):
        return True
    for letter in text:
        if unicodedata.category(letter)[0] not in _UNSEEN:
            return unicodedata.normalize("NFKC", letter)[0] in _STARTS
    return False
