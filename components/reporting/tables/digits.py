"""The same number of digits down a column of values."""

from dataclasses import replace

from components.figures.figure import plain
from components.reporting.tables.table import Content, Table, Value


def even(table: Table) -> Table:
    """The table with as many decimals in each column as its most certain value has."""
    most = [_most([row.cells[i] for row in table.rows]) for i in range(len(table.columns))]
    return replace(
        table,
        rows=tuple(
            replace(row, cells=tuple(_written(cell, most[i]) for i, cell in enumerate(row.cells)))
            for row in table.rows
        ),
    )


def _most(cells: list[Content]) -> int:
    known = [c.numbers.decimals for c in cells if isinstance(c, Value) and c.numbers]
    return max(known, default=0)


def _written(cell: Content, decimals: int) -> Content:
    if not isinstance(cell, Value) or cell.numbers is None:
        return cell
    of = cell.numbers
    value, low, high = (plain(end, decimals, of.sign) for end in (of.value, of.low, of.high))
    return replace(cell, value=f"{value}{of.unit}", interval=f"[{low}, {high}]")
