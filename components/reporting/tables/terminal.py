"""A table in a terminal: as many columns as fit, and notes on what its page says around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.errors import visible
from components.reporting.tables.table import Column, Content, Table, Text, Value
from components.reporting.tables.widths import columns_within, least_width, lines, room

if TYPE_CHECKING:
    import rich.table

ROOMY = 200
"""From so many letters a line, texts are shown whole."""
WAYS = ("lower", "higher")


@dataclass(frozen=True)
class Printed:
    """A table as text, every cell maybe of several lines.

    Attributes:
        columns: its header.
        rows: each as long as ``columns``.
        notes: a sentence each.
        right: which columns are numbers.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    right: tuple[bool, ...]


def printed(table: Table, width: int) -> Printed:
    """The main columns, of which as many are kept as ``width`` letters have room for.

    What is kept is there in full: a cell too long for its column goes on in a line below.
    """
    texts = [
        (_header(column), *(_text(row.cells[i], width >= ROOMY) for row in table.rows))
        for i, column in enumerate(table.columns)
    ]
    main = [i for i, column in enumerate(table.columns) if column.main]
    kept = _within(width, main, table.columns, texts)
    widths = columns_within(width, [texts[i] for i in kept])
    broken = [[lines(text, w) for text in texts[i]] for i, w in zip(kept, widths, strict=True)]
    return Printed(
        tuple(column[0] for column in broken),
        tuple(zip(*(column[1:] for column in broken), strict=True)),
        tuple(_notes(table, kept)),
        tuple(table.columns[i].right for i in kept),
    )


def rich_table(table: Printed, caption: str) -> "rich.table.Table":
    """The text as a table of rich; what a terminal would act on is written out."""
    from rich.table import Table as RichTable

    rich = RichTable(title=visible(caption) or None, title_justify="left")
    for title, right in zip(table.columns, table.right, strict=True):
        rich.add_column(visible(title), justify="right" if right else "left", overflow="fold")
    for row in table.rows:
        rich.add_row(*(visible(cell) for cell in row))
    return rich


def _within(
    width: int, main: Sequence[int], columns: Sequence[Column], texts: Sequence[Sequence[str]]
) -> list[int]:
    """The columns that fit, however their cells are broken between words."""
    least = [least_width(text) for text in texts]
    kept = list(main)
    while room(least[i] for i in kept) > width:
        last = max(kept, key=lambda i: columns[i].gives_way)
        if columns[last].gives_way <= 0:
            break
        kept.remove(last)
    return kept


def _header(column: Column) -> str:
    return column.brief or column.title


def _text(cell: Content, roomy: bool) -> str:
    if isinstance(cell, Value):
        text = cell.brief.replace(" [", "\n[")
        return f"{text}\n({cell.remark})" if cell.remark else text
    if isinstance(cell, Text):
        return cell.whole if roomy else cell.brief
    return "" if cell is None else str(cell)


def _notes(table: Table, kept: Sequence[int]) -> list[str]:
    """What the columns are, which are not shown, and the table's own notes."""
    shown = [table.columns[i] for i in kept]
    hidden = [i for i in range(len(table.columns)) if i not in kept]
    ways = [(way, [c.metric for c in shown if c.metric and c.better == way]) for way in WAYS]
    notes = [f"{way} is better: {', '.join(metrics)}" for way, metrics in ways if metrics]
    if table.level is not None and any(column.metric for column in shown):
        notes.append(f"± and [low, high] hold the {100 * table.level:g} % interval")
    if narrow := [c.metric or c.title for c in map(table.columns.__getitem__, hidden) if c.main]:
        notes.append(f"no room for {', '.join(narrow)}: a wider terminal or `--json` shows them")
    if more := [c.metric for c in map(table.columns.__getitem__, hidden) if not c.main]:
        notes.append(f"{len(more)} more with `--json`: {', '.join(more)}")
    notes += [f"{_header(table.columns[i])} {text} in all rows" for i, text in _same(table, hidden)]
    if hints := [f"{c.title}: {c.hint}" for c in shown if c.hint and not c.metric]:
        notes.append("; ".join(hints))
    return [*notes, *table.notes]


def _same(table: Table, hidden: Sequence[int]) -> list[tuple[int, str]]:
    """Of the columns without figures, those that say one thing of all rows but the floor's."""
    found = []
    for i in hidden:
        texts = {_text(row.cells[i], roomy=True) for row in table.rows if row.mark != "floor"}
        if not table.columns[i].metric and len(texts) == 1 and (text := texts.pop()):
            found.append((i, text))
    return found
