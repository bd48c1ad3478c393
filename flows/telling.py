"""What a command prints line by line, whatever names and captions it has in it."""

import shutil
import sys
from typing import TYPE_CHECKING

from components.errors import one_line

if TYPE_CHECKING:
    from components.reporting.tables.table import Table

UNBOUNDED = 1000
"""Letters of a line that goes into a file or a pipe."""


def tell(text: str) -> None:
    """Print one line; what a terminal would act on is written out."""
    print(one_line(text), flush=True)


def show(table: "Table") -> None:
    """Print a table and its notes, as wide as the terminal; `UNBOUNDED` where there is none."""
    from rich.console import Console

    from components.reporting.tables.terminal import printed, rich_table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBOUNDED
    shown = printed(table, width)
    Console(highlight=False, width=width).print(rich_table(shown, table.caption), markup=False)
    for note in shown.notes:
        tell(f"note: {note}")


def warn_of_plugins() -> None:
    """Name every broken plug-in on stderr; a command goes on that does not use it."""
    from components.spec.catalogue import plugin_faults

    for fault in plugin_faults():
        print(one_line(f"warning: {fault}"), file=sys.stderr, flush=True)
