"""What the page's script needs to enlarge one sample of a tile, with its seed and prompt."""

from collections.abc import Iterable, Mapping
from typing import Any

from components.files.samples import Samples
from components.reporting.pictures.tiles import Choice

Asked = list[tuple[int, str]]
"""The seed and the prompt of each image of a tile, in its order."""


def asked(samples: Samples, choice: Choice) -> Asked:
    """What the images that a tile shows were asked to be."""
    rows = [samples.rows[place] for place in choice.positions if place < len(samples.rows)]
    return [(row.seed, row.caption or row.label) for row in rows]


def zoomed(tiles: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """``tiles``: id → the cell's name, images a row, and which list of ``asked`` is the tile's.

    Args:
        tiles: each with ``id``, ``name``, ``asked`` and ``images_a_row``.
    """
    lists: list[Asked] = []
    known = {}
    for tile in tiles:
        if tile["asked"] not in lists:
            lists.append(tile["asked"])
        of = lists.index(tile["asked"])
        known[tile["id"]] = {"name": tile["name"], "columns": tile["images_a_row"], "of": of}
    return {"tiles": known, "asked": lists}
