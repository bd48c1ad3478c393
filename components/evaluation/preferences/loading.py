"""What is said of weights of preference models that cannot be had or read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.errors import AlphabarError, first_line, first_of
from components.spec.catalogue.preferences import PREFERENCES

_OTHERWISE = f"or set `evaluation.preference` to another of {', '.join(PREFERENCES)}"


def absent(name: str, places: list[Path]) -> AlphabarError:
    """The error to raise where the weights of ``name`` are nowhere; nothing is downloaded."""
    looked = first_of([str(place.absolute()) for place in places], " or ")
    return AlphabarError(
        f"the preference model `{name}` has no weights: there is no {looked}",
        f"put them there, or give their path, {_OTHERWISE}",
    )


def broken(name: str, path: Path, why: str) -> AlphabarError:
    """The error to raise where weights are not what ``name`` needs."""
    return AlphabarError(
        f"the preference model `{name}` cannot be read from {path}: {why}",
        f"get the weights again, or give those that belong to this model, {_OTHERWISE}",
    )


@contextmanager
def reading(name: str, path: Path) -> Iterator[None]:
    """Turn whatever a reader of weights raises into an AlphabarError that names the file."""
    try:
        yield
    except (AlphabarError, MemoryError):
        raise
    except Exception as error:  # a broken file makes its reader raise nearly anything
        raise broken(name, path, first_line(error)) from error
