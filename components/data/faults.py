"""Faults of data as errors for the user: several in one message, and those of a prepared file."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from components.errors import AlphabarError

SHOWN = 10


def listed(faults: Sequence[str]) -> str:
    """``faults`` on lines of their own, at most `SHOWN` of them, then the count of the rest."""
    lines = [f"\n  - {fault}" for fault in faults[:SHOWN]]
    rest = len(faults) - SHOWN
    return "".join(lines) + (f"\n  - and {rest} more" if rest > 0 else "")


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Faults in reading ``path``, of a prepared directory, as an AlphabarError."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        missing = isinstance(error, FileNotFoundError)
        fault = "does not exist" if missing else f"is broken: {error!r}"
        remedy = f"delete {path.parent} and run `prepare` again"
        raise AlphabarError(f"{path} {fault}", remedy) from error
