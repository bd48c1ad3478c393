"""A column is read from top to bottom: its values have the same digits."""

from components.reporting.tables.digits import even
from components.reporting.tables.table import Table, Value
from components.reporting.tables.values import value_of
from tests.figures.made import made


def test_a_column_has_the_digits_of_its_most_certain_value() -> None:
    sure, vague = made("fd_x", 12.345, 12.1, 12.6), made("fd_x", 310.7, 260.2, 350.9)
    share = made("precision_x", 0.5, 0.4, 0.6)
    rows = [["a", value_of(vague), value_of(share)], ["b", value_of(sure), None]]
    table = even(Table.of_texts("", ["cell", "distance", "share"], rows))
    cells = [cell for row in table.rows for cell in row.cells if isinstance(cell, Value)]
    assert [(cell.value, cell.interval) for cell in cells] == [
        ("310.70", "[260.20, 350.90]"),
        ("50.0 %", "[40.0, 60.0]"),
        ("12.35", "[12.10, 12.60]"),
    ]
