"""A table: what it says, whoever shows it.

A terminal (`terminal`), a page (`pages/macros.html`) and a CSV file (`csv_file`) render it. It is
made without torch or NumPy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

from components.spec.metric_family import Direction

Mark = Literal["", "best", "noise", "floor"]
"""What a row is: the best, not to be told from it, or what real images reach."""


@dataclass(frozen=True)
class Text:
    """Words, and fewer of them, maybe on several lines, where there is little room."""

    whole: str
    brief: str


@dataclass(frozen=True)
class Numbers:
    """What a value and its interval were written from.

    Attributes:
        value, low, high: as they are shown, shares as percentages.
        decimals: with which they are written.
        sign: ``+`` where that of positive numbers is written, too.
        unit: stands behind the value.
    """

    value: float
    low: float
    high: float
    decimals: int
    sign: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Value:
    """A value with its interval.

    Attributes:
        value: with its unit, such as ``78.4 %``.
        interval: ``[73.4, 83.4]``.
        brief: both without the unit, which the column's brief title has: ``78.4 ±5.0``.
        remark: what must stand beside it, such as ``n 500``.
        apart: whether it is a difference that chance does not explain.
        numbers: what both were written from, where others of its column have other digits.
    """

    value: str
    interval: str
    brief: str
    remark: str = ""
    apart: bool = False
    numbers: Numbers | None = field(default=None, compare=False)


Content = str | int | float | None | Text | Value
"""What a table's cell holds; None and empty text for nothing."""


def whole_text(content: Content) -> str:
    """All that a cell says, in one line."""
    if isinstance(content, Value):
        return " ".join(filter(None, (content.value, content.interval, content.remark)))
    if isinstance(content, Text):
        return content.whole
    return "" if content is None else str(content)


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: what its cells are.
        below: stands smaller under the title, such as who judged.
        hint: what a reader may ask about it, such as how it was made.
        brief: the title where there is little room, maybe of several lines; empty for the same.
        metric: the full name of the figures in it; empty for other columns.
        better: which way these are better.
        main: whether it is shown at once; others are folded away, or named where nothing folds.
        gives_way: where there is little room the column of the largest number goes first; 0 stays.
        right: whether its cells are plain numbers, to be compared from line to line.
    """

    title: str
    below: str = ""
    hint: str = ""
    brief: str = ""
    metric: str = ""
    better: Direction = "neither"
    main: bool = True
    gives_way: float = 0.0
    right: bool = False


@dataclass(frozen=True)
class Row:
    """A row: a cell for each column, what it is, and the heading of the rows that it is among."""

    cells: tuple[Content, ...]
    mark: Mark = ""
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: what it shows.
        columns: the first one says what each row is about.
        rows: each as long as ``columns``.
        notes: what a reader must know, a sentence each without its full stop.
        level: of its intervals; None where it has none of its own.
        at_once: rows that are shown at once, the others folded away; None for all.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    level: float | None = None
    at_once: int | None = None

    @classmethod
    def of_texts(
        cls, caption: str, columns: Sequence[str | Column], rows: Sequence[Sequence[Content]]
    ) -> "Table":
        """A table of plain rows; a column that is only a title may be given as such."""
        named = tuple(Column(c) if isinstance(c, str) else c for c in columns)
        return cls(caption, named, tuple(Row(tuple(row)) for row in rows))

    @classmethod
    def of_records(cls, caption: str, records: Sequence[Mapping[str, Any]]) -> "Table":
        """A table of mappings with all their columns, in the order of first appearance."""
        names = list(dict.fromkeys(name for record in records for name in record))
        return cls.of_texts(caption, names, [[r.get(name) for name in names] for r in records])

    def noted(self, *notes: str) -> "Table":
        """The same table with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    def records(self) -> list[dict[str, Content]]:
        """Each row as a mapping from title to cell."""
        titles = [column.title for column in self.columns]
        return [dict(zip(titles, row.cells, strict=True)) for row in self.rows]

    def without_empty_columns(self) -> "Table":
        """The columns that say something in some row."""
        return self._only([any(cell not in ("", None) for cell in each) for each in self._cells()])

    def parts(self) -> tuple["Table", "Table | None"]:
        """The main columns, and beside what the rows are about the others; None without any."""
        main = self._only([column.main for column in self.columns])
        if len(main.columns) == len(self.columns):
            return main, None
        return main, self._only([not c.main or i == 0 for i, c in enumerate(self.columns)])

    def pages(self) -> tuple["Table", "Table | None"]:
        """The rows that are shown at once, and those that are folded away; None without any."""
        if self.at_once is None or len(self.rows) <= self.at_once:
            return self, None
        shown, folded = self.rows[: self.at_once], self.rows[self.at_once :]
        return replace(self, rows=shown), replace(self, rows=folded)

    def groups(self) -> list[tuple[str, list[Row]]]:
        """Rows that stand together under one heading, in their order."""
        return [(group, list(rows)) for group, rows in groupby(self.rows, lambda row: row.group)]

    @property
    def grouped(self) -> bool:
        """Whether it has rows under several headings."""
        return len({row.group for row in self.rows if row.group}) > 1

    def better(self, way: Direction) -> list[str]:
        """The metrics of the main columns of which low or high values are better."""
        return [c.metric for c in self.columns if c.main and c.metric and c.better == way]

    def _cells(self) -> list[tuple[Content, ...]]:
        return [tuple(row.cells[i] for row in self.rows) for i in range(len(self.columns))]

    def _only(self, kept: Sequence[bool]) -> "Table":
        index = [i for i, keep in enumerate(kept) if keep]
        rows = tuple(replace(row, cells=tuple(row.cells[i] for i in index)) for row in self.rows)
        return replace(self, columns=tuple(self.columns[i] for i in index), rows=rows)
