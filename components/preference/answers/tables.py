"""Answers in tables: the page's two formats, MTurk's batches, and any other by its columns."""

from collections.abc import Callable, Iterator, Mapping

from components.errors import first_of, quoted
from components.files.csv_records import csv_records
from components.files.tables import MARK, neutral, plain
from components.preference.answers.mturk import is_mturk, mturk_answers
from components.preference.answers.row import FIELDS, SIGNED, Raw, Refused, Where

FIRST_PAGE = {"item": "pair", "answer": "choice", "annotator": "annotator", "seconds": "seconds"}
"""The columns of the page's file in version 1."""

NUMBERS = ("seconds", "place")
"""Fields that may begin with a minus sign and are read as numbers, not shown in a spreadsheet."""

NEEDED = ("item", "answer", "annotator")

Texts = Mapping[str, str]


class UnreadableError(ValueError):
    """A file that is no table of answers, in a sentence."""


def table_answers(
    name: str, text: str, columns: Mapping[str, str] | None = None
) -> Iterator[Raw | Refused]:
    """The answers in a CSV text, those that cannot be read among them.

    Args:
        name: the file's, for messages.
        columns: field (`FIELDS`) → the table's column; where None the header tells.

    Raises:
        UnreadableError: it has no header, or one of no known table.
    """
    records = csv_records(text)
    line, header = next(records, (1, "it is empty"))
    if isinstance(header, str):
        raise UnreadableError(f"its header (line {line}) cannot be read: {header}")
    titles = [plain(title.strip()) for title in header]
    if len(set(titles)) < len(titles):
        raise UnreadableError("two of its columns have one name")
    answers = _answers_by(titles, columns)
    for line, cells in records:
        where = Where(name, f"line {line}")
        if isinstance(cells, str):
            yield Refused(where, cells)
        elif len(cells) != len(titles):
            yield Refused(where, f"it has {len(cells)} cells, the header {len(titles)}")
        else:
            yield from _taken(where, answers(dict(zip(titles, cells, strict=True))))


def _taken(where: Where, rows: Iterator[Texts]) -> Iterator[Raw | Refused]:
    """Rows of raw cells, unless a spreadsheet would run one of them."""
    try:
        for row in rows:
            run = [f for f, cell in row.items() if f not in NUMBERS and _is_formula(cell)]
            if run:
                cell = quoted(row[run[0]])
                yield Refused(where, f"`{run[0]}` begins as a formula does: {cell}")
            else:
                yield Raw(where, {name: plain(cell) for name, cell in row.items()})
    except ValueError as error:
        yield Refused(where, str(error))


def _answers_by(
    titles: list[str], columns: Mapping[str, str] | None
) -> Callable[[Texts], Iterator[Texts]]:
    """How a row of this header becomes the texts of its answers."""
    if columns is not None:
        return _mapped(columns, titles)
    if set(SIGNED) <= set(titles):
        kept = {name: name for name in (*FIELDS, "digest") if name in titles}
        return _mapped(kept, titles)
    if set(FIRST_PAGE.values()) <= set(titles):
        return _first_page
    if is_mturk(titles):
        return mturk_answers
    found = quoted(first_of(titles), 200)
    raise UnreadableError(f"it is no known table of answers: its columns are {found}")


def _mapped(columns: Mapping[str, str], titles: list[str]) -> Callable[[Texts], Iterator[Texts]]:
    if unknown := set(columns) - {*FIELDS, "digest"}:
        raise UnreadableError(f"an answer has no {quoted(min(unknown))}, but {', '.join(FIELDS)}")
    if lacking := [name for name in NEEDED if name not in columns]:
        raise UnreadableError(f"no column is said to be the {lacking[0]}")
    if lacking := [title for title in columns.values() if title not in titles]:
        raise UnreadableError(f"it has no column {quoted(lacking[0])}")

    def rows(cells: Texts) -> Iterator[Texts]:
        yield {name: cells[title] for name, title in columns.items()}

    return rows


def _first_page(cells: Texts) -> Iterator[Texts]:
    """The study's name is the first part of a pair's."""
    row = {name: cells[title] for name, title in FIRST_PAGE.items()}
    yield row | {"study": row["item"].rpartition("-")[0]}


def _is_formula(cell: str) -> bool:
    return not cell.startswith(MARK) and neutral(cell) != cell
