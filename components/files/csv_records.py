"""A table that somebody else wrote, record by record: a broken one does not take others with it."""

import csv
from collections.abc import Iterator

MOST_LINES = 100
"""Lines of one record: a quote that is never closed ends there, not at the end of the file."""


def csv_records(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """The records of a CSV text: the line at which each begins, and its cells or what is wrong.

    Cells are as they stand, without what `tables.plain` takes away. After a broken record reading
    goes on at the next line. Blank lines are passed over.
    """
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        fault = _fault(line)
        if fault or not line.strip("\r"):
            at += 1
            if fault:
                yield at, fault
            continue
        ahead = (f"{lines[i]}\n" for i in range(at, min(at + MOST_LINES, len(lines))))
        reader = csv.reader(ahead, strict=True)
        try:
            cells = next(reader)
        except csv.Error as error:
            at += 1
            yield at, f"it is no CSV: {error}"
            continue
        yield at + 1, cells
        at += reader.line_num


def _fault(line: str) -> str:
    if "\0" in line:
        return "it has a NUL character"
    return "it has a bare carriage return" if "\r" in line[:-1] else ""
