"""A table in Markdown, for pages of other programs: the main columns, figures with intervals."""

import re

from components.errors import visible
from components.reporting.tables.table import Content, Table, whole_text

SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&])")


def plain_text(text: str) -> str:
    """``text`` so that Markdown shows it as it is, in one line."""
    return SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))


def markdown_table(table: Table) -> str:
    """The table's caption, main columns and notes; the best row is bold."""
    columns = [i for i, column in enumerate(table.columns) if column.main]
    titles = [plain_text(table.columns[i].title) for i in columns]
    aligned = ["--:" if table.columns[i].right else "---" for i in columns]
    rows = [
        [_shown(row.cells[i], bold=row.mark == "best" and i == columns[0]) for i in columns]
        for row in table.rows
    ]
    lines = [f"| {' | '.join(cells)} |" for cells in (titles, aligned, *rows)]
    notes = [f"- {plain_text(each)}" for each in table.notes]
    return "\n".join([f"**{plain_text(table.caption)}**", "", *lines, "", *notes]).rstrip()


def _shown(cell: Content, *, bold: bool) -> str:
    text = plain_text(whole_text(cell))
    return f"**{text}**" if bold and text else text
