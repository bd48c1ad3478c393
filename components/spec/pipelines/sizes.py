"""Sizes in a configuration that there can be: what is built of it is held to them first."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, quoted

MOST_NUMBER, MOST_LAYERS, MOST_SIDE, MOST_ENTRIES = 2**20, 128, 1024, 32
"""Of any number, of layers, of the side of a table of places, and of the entries of a list."""

MOST_PLACES = 2**29
"""Numbers in a table of places; the largest Stable Diffusion 3 has 2.3e8."""

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
    for shape in place_table(values).values():
        if math.prod(shape) > MOST_PLACES:
            raise AlphabarError(f"{part}: its table of places would have {shape} numbers", _REMEDY)


def place_table(values: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape, by its name, of a transformer's table of places, which is computed when it is
    built; empty where it has none."""
    side = values.get("pos_embed_max_size")
    heads, channels = values.get("num_attention_heads"), values.get("attention_head_dim")
    if not isinstance(side, int) or not isinstance(heads, int) or not isinstance(channels, int):
        return {}
    return {"pos_embed.pos_embed": (1, side**2, heads * channels)}


def flat(value: object) -> list[object]:
    """The entries of a list, and of the lists in it; a value for itself."""
    if isinstance(value, list):
        return [inner for each in value for inner in flat(each)]
    return [value]


_REMEDY = "give the directory of another model, or copy its config.json anew"
