"""What the functions are called with: of its type, or refused by name."""

from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path

from components.errors import AlphabarError, quoted

MOST_IMAGES = 1_000_000
"""That one call draws, as one command does."""


def path_of(given: object, what: str) -> Path:
    """A place as a path; raises AlphabarError unless it is a text or a path that names one."""
    if isinstance(given, str | PathLike) and str(given):
        return Path(given)
    raise AlphabarError(f"{what} {quoted(given)} is no place", "give a text or a path")


def count_of(given: object) -> int:
    """A number of images; raises AlphabarError unless it is whole, at least one and no more than
    `MOST_IMAGES`."""
    if isinstance(given, Integral) and not isinstance(given, bool) and int(given) >= 1:
        if int(given) <= MOST_IMAGES:
            return int(given)
        raise AlphabarError(
            f"{quoted(given)} images are too many for one call",
            f"ask for {MOST_IMAGES:,} at most, and for more with other seeds",
        )
    raise AlphabarError(
        f"{quoted(given)} images cannot be sampled", "ask for one or more, a whole number"
    )


def texts_of(given: str | Sequence[str], what: str, such_as: str) -> tuple[str, ...]:
    """Texts, of which one may stand alone; raises AlphabarError for anything else."""
    texts = (given,) if isinstance(given, str) or not isinstance(given, Sequence) else (*given,)
    for text in texts:
        if not isinstance(text, str):
            raise AlphabarError(
                f"{what} {quoted(text)} is no text", f'give texts, such as "{such_as}"'
            )
    return texts
