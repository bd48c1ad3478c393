"""Sizes in a configuration that there can be: what is read or built of it is held to them first."""

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

_ANY = ("token_id", "scaling_factor", "trained_betas", "lambda_min_clipped")
"""Parts of keys that ask for no memory."""

_WHOLE = (
    "in_channels",
    "joint_attention_dim",
    "latent_channels",
    "patch_size",
    "pooled_projection_dim",
)
_WHOLE_OR_NONE = (
    "addition_time_embed_dim",
    "out_channels",
    "pos_embed_max_size",
    "projection_class_embeddings_input_dim",
)
_WHOLES = ("block_out_channels", "cross_attention_dim")
"""Keys that are reckoned with; the last are numbers, or lists of some."""


def refuse_wild(part: Path, values: Mapping[str, Any]) -> None:
    """Raise AlphabarError where a configuration asks for what no machine could build, or says
    something else than a number where one is reckoned with."""
    _refuse_odd(part, values)
    for key, value in values.items():
        if any(name in key for name in _ANY):
            continue
        most = next((most for name, most in _BOUNDS.items() if name in key), MOST_NUMBER)
        found = flat(value)
        if len(found) > MOST_ENTRIES:
            raise AlphabarError(f"{part}: `{key}` has {len(found)} entries", _REMEDY)
        wild = [x for x in found if isinstance(x, int | float) and not abs(x) <= most]
        if wild:
            raise AlphabarError(f"{part}: `{key}: {quoted(wild[0])}` is beyond {most:,}", _REMEDY)
    for shape in place_table(values).values():
        if math.prod(shape) > MOST_PLACES:
            raise AlphabarError(f"{part}: its table of places would have {shape} numbers", _REMEDY)


def _refuse_odd(part: Path, values: Mapping[str, Any]) -> None:
    for key in (*_WHOLE, *_WHOLE_OR_NONE, *_WHOLES):
        if key not in values or (key in _WHOLE_OR_NONE and values[key] is None):
            continue
        found = flat(values[key]) if key in _WHOLES else [values[key]]
        if not found or not all(isinstance(x, int) and x >= 1 and x is not True for x in found):
            said = quoted(values[key])
            raise AlphabarError(f"{part}: `{key}: {said}` is no whole number above 0", _REMEDY)


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
