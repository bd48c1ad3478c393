"""A long table of cells, divided by line."""

from collections.abc import Sequence
from dataclasses import replace

from components.figures.winner import called
from components.reporting.cells import Cell
from components.reporting.pictures.sheet import by_value, line_setting, place
from components.reporting.tables.table import Row, Table, Text

GROUPED = 12
"""The table of more cells than this is divided by line, and scrolls under its header."""


def by_line(table: Table, cells: Sequence[Cell], metric: str | None) -> Table:
    """The rows of many cells under the lines that they are on, the best line first.

    Args:
        table: a row for each cell, in order; what follows them stays at the end.
        cells: maybe too few to be divided.
        metric: the one that ranks them.
    """
    setting = line_setting(cells) if len(cells) > GROUPED else None
    if setting is None:
        return table
    rows = dict(zip(cells, table.rows, strict=False))
    lines: dict[str, list[Cell]] = {}
    for cell in by_value(cells, metric):
        lines.setdefault(place(cell, cells, setting)[0], []).append(cell)
    for line in lines.values():
        line.sort(key=lambda cell: (cell.evaluations, cells.index(cell)))
    found = [
        _under(line, rows[cell], replace(cell, name=place(cell, cells, setting)[1]))
        for line, group in lines.items()
        for cell in group
    ]
    return replace(table, rows=(*found, *table.rows[len(cells) :]))


def _under(line: str, row: Row, cell: Cell) -> Row:
    name = called(cell)
    return replace(row, cells=(Text(name, name), *row.cells[1:]), group=line)
