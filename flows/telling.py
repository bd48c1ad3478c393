"""What a command prints line by line, whatever names and captions it has in it; or, for programs,
one JSON document in place of all that."""

import contextlib
import io
import json
import math
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError, one_line

if TYPE_CHECKING:
    from components.reporting.tables.table import Table

UNBOUNDED = 1000
"""Letters of a line that goes into a file or a pipe."""

NOTES = "notes"
"""Key of the document: what must be known of the rest, a sentence each."""

_LISTENER: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)
"""Told what is printed, too."""

LISTENED = 100
"""Letters of a table's line that a listener is told: what Prefect's page shows without folding."""

_ANSWER: ContextVar[dict[str, Any] | None] = ContextVar("answer", default=None)
"""The document that is being made; None where lines are printed."""


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Within it `tell`, `show` and `note` make one JSON document, which is printed at the end: all
    of stdout. Everything else that is printed goes to stderr.

    What was found before an error is printed, with the error: ``{"error": {"message", "remedy"}}``.
    A file or folder that the system refuses is such an error, too.
    """
    answer: dict[str, Any] = {}
    token = _ANSWER.set(answer)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is not None:
            error = of_a_file(error)
        if isinstance(error, AlphabarError):
            answer |= _refusal(error)
        if answer:
            _print(answer)
        raise
    else:
        _print(answer)
    finally:
        _ANSWER.reset(token)


def refuse(error: AlphabarError) -> None:
    """Print the JSON document of a command that was refused before it began one."""
    _print(_refusal(error))


def of_a_file(error: OSError) -> AlphabarError:
    """What is said of a file or folder that the system refuses, wherever that happens."""
    what = f"{error.filename}: {error.strerror}"
    return AlphabarError(what, "make it a file or folder that can be used, or name another")


@contextlib.contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Within it, ``listener`` is told each line of `tell` and `note`, and each table as a text."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def tell(text: str, **content: Any) -> None:
    """Print one line; what a terminal would act on is written out.

    Args:
        content: what it says, for the JSON document: key → a value, or a function that gives it.
    """
    _answer(content)
    if listener := _LISTENER.get():
        listener(one_line(text))
    if text or _ANSWER.get() is None:  # a gap between tables is nothing to a program
        print(one_line(text), flush=True)


def note(text: str) -> None:
    """Print what must be known of the rest."""
    _noted(text)
    tell(f"note: {text}")


def show(table: "Table", **content: Any) -> None:
    """Print a table and its notes, as wide as the terminal; `UNBOUNDED` where there is none.

    Args:
        content: what it shows, in full, as `tell` takes it. The JSON document has this in the
            table's place, and the table's notes.
    """
    if listener := _LISTENER.get():
        listener(as_text(table))
    if _ANSWER.get() is not None:
        _answer(content)
        _noted(*table.notes)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBOUNDED
    with heard_by(lambda line: None):  # it has the notes with the table
        _print_table(table, width)


def as_text(table: "Table", width: int = LISTENED) -> str:
    """A table and its notes as they are printed, ``width`` letters wide at most."""
    with contextlib.redirect_stdout(io.StringIO()) as text, heard_by(lambda line: None):
        _print_table(table, width)
    return text.getvalue().rstrip()


def _print_table(table: "Table", width: int) -> None:
    from rich.console import Console

    from components.reporting.tables.terminal import printed, rich_table

    shown = printed(table, width)
    Console(highlight=False, width=width).print(rich_table(shown, table.caption), markup=False)
    for each in shown.notes:
        tell(f"note: {each}")


def warn_of_plugins() -> None:
    """Name every broken plug-in on stderr; a command goes on that does not use it."""
    from components.spec.catalogue import plugin_faults

    for fault in plugin_faults():
        print(one_line(f"warning: {fault}"), file=sys.stderr, flush=True)


def _refusal(error: AlphabarError) -> dict[str, Any]:
    return {"error": {"message": error.what, "remedy": error.remedy}}


def _answer(content: Mapping[str, Any]) -> None:
    answer = _ANSWER.get()
    if answer is not None:
        found = {key: each() if callable(each) else each for key, each in content.items()}
        answer |= _json(found)


def _noted(*notes: str) -> None:
    answer = _ANSWER.get()
    if answer is not None and notes:
        answer[NOTES] = list(dict.fromkeys([*answer.get(NOTES, ()), *notes]))


def _print(answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer, indent=1, ensure_ascii=False, allow_nan=False), flush=True)


def _json(value: Any) -> Any:
    """``value`` of plain JSON values; a number that is not finite is text, as in decision.json."""
    if isinstance(value, Mapping):
        return {str(name): _json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, Path) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return value
