"""Fine-tunes behind their base: how each stands to it, which is chosen, which keep the limits."""

from collections.abc import Sequence
from dataclasses import replace

from components.figures.figure import Figure
from components.figures.judgement import Figures
from components.figures.standing import BEST, BETTER, NOISE, WORSE
from components.reporting.tables.columns import metric_column
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Column, Content, Row, Table, Text
from components.reporting.tables.values import value_of

TO_BASE = {
    BEST: Text("reference", "reference"),
    NOISE: Text("within noise of the base", "within noise"),
    WORSE: Text("worse than the base", "worse"),
    BETTER: Text("better than the base", "better"),
}
"""Standings where all are compared with the base."""
KEPT = Column("keeps the limits", hint="that the file sets, `finetune.limits`")
LIMITS = {True: "yes", False: "no"}
CHOSEN = " (chosen)"
"""Behind the name of the chosen one."""


def behind_base(
    caption: str,
    subjects: Sequence[Subject],
    floors: Figures,
    metric: str | None,
    chosen: int,
    kept: Sequence[bool] = (),
    drifts: Sequence[Figure | None] = (),
) -> Table:
    """Every figure of fine-tunes and of their base, each compared with the base.

    Args:
        caption: what they are.
        subjects: the base first.
        floors: the figures of real images.
        metric: ranks the rows.
        chosen: which of the fine-tunes is.
        kept: whether each keeps the file's limits; empty where it sets none.
        drifts: of each, where they are not among its figures.
    """
    table = ranked_table(caption, subjects, floors, metric, best=0, noun="images")
    base = subjects[0].figures.get(metric or "")
    if base is not None and base.finite:
        table = _from_base(table)
    known = [drift for drift in drifts if drift]
    if known:
        behind = [None, *(value_of(drift) if drift else None for drift in drifts)]
        place = next((i for i, c in enumerate(table.columns) if c.title == "standing"), 1) + 1
        table = with_column(table, place, metric_column(known[0].metric), behind)
    if kept:
        table = with_column(table, 1, KEPT, ["", *limits_words(kept)])
    return marked(table, {1 + chosen})


def limits_words(kept: Sequence[bool]) -> list[str]:
    """``yes`` or ``no`` for each."""
    return [LIMITS[each] for each in kept]


def marked(table: Table, chosen: set[int]) -> Table:
    """The same with the rows of that number, and no others, called and marked as chosen."""
    rows = [
        _chosen(row) if i in chosen else replace(row, mark="floor" if row.mark == "floor" else "")
        for i, row in enumerate(table.rows)
    ]
    return replace(table, rows=tuple(rows))


def with_column(table: Table, place: int, column: Column, cells: Sequence[Content]) -> Table:
    """The same with a further column; rows behind the last of ``cells`` have nothing in it."""
    columns = (*table.columns[:place], column, *table.columns[place:])
    rest = [None] * (len(table.rows) - len(cells))
    rows = [
        replace(row, cells=(*row.cells[:place], cell, *row.cells[place:]))
        for row, cell in zip(table.rows, [*cells, *rest], strict=True)
    ]
    return replace(table, columns=columns, rows=tuple(rows))


def _chosen(row: Row) -> Row:
    name, *rest = row.cells
    if isinstance(name, Text):
        name = Text(f"{name.whole}{CHOSEN}", f"{name.brief}{CHOSEN}")
    else:
        name = f"{name}{CHOSEN}"
    return replace(row, cells=(name, *rest), mark="best")


def _from_base(table: Table) -> Table:
    """A ranked table whose first row all are compared with, told as such."""
    columns = [replace(c, below=_of_base(c.below), hint=_of_base(c.hint)) for c in table.columns]
    rows = [
        replace(
            row,
            cells=tuple(
                TO_BASE.get(cell.whole, cell) if isinstance(cell, Text) else cell
                for cell in row.cells
            ),
        )
        for row in table.rows
    ]
    notes = tuple(_of_base(note) for note in table.notes)
    return replace(table, columns=tuple(columns), rows=tuple(rows), notes=notes)


def _of_base(text: str) -> str:
    for words in ("from the best", "with the best", "of the best"):
        text = text.replace(words, words.replace("best", "base"))
    return text
