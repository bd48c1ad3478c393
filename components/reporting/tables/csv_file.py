"""A table in a CSV file: every column, every row, numbers as they are."""

from pathlib import Path

from components.files.tables import write_table
from components.reporting.tables.table import Table


def save_csv(path: Path, table: Table) -> None:
    """Write a table of plain texts and numbers; its titles are the header."""
    titles = [column.title for column in table.columns]
    write_table(path, titles, (row.cells for row in table.rows))
