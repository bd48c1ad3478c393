"""Sizes in a configuration that there can be: what is built of it is held to them first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, quoted

MOST_NUMBER, MOST_LAYERS, MOST_SIDE, MOST_ENTRIES = 2**20, 128, 1024, 32
"""Of any number, of layers, of the side of a table of places, and of the entries of a list."""

_BOUNDS = {"layers": MOST_LAYERS, "max_size": MOST_SIDE}
"""Part of a key → the most that it may say."""

_ANY = ("token_id", "scaling_factor", "trained_betas")
"""Parts of keys that ask for no memory."""


def refuse_wild(part: Path, values: Mapping[str, Any]) -> None:
    """Raise AlphabarError where a configuration asks for what no machine could build."""
    for key, value in values.items():
        if any(name in key for name in _ANY):
            continue
        most = next((most for name, most in _BOUNDS.items() if name in key), MOST_NUMBER)
        found = flat(value)
        if len(found) > MOST_ENTRIES:
            raise AlphabarError(f"{part}: `{key}` has {len(found)} entries", _REMEDY)
        wild = [x for x in found if isinstance(x, int | float) and abs(x) > most]
        if wild:
            raise AlphabarError(f"{part}: `{key}: {quoted(wild[0])}` is beyond {most:,}", _REMEDY)


def flat(value: object) -> list[object]:
    """The entries of a list, and of the lists in it; a value for itself."""
    if isinstance(value, list):
        return [inner for each in value for inner in flat(each)]
    return [value]


_REMEDY = "give the directory of another model, or copy its config.json anew"
