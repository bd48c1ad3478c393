"""Where each cell's tile lies on the sheet of samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.figures.figure import sign
from components.figures.winner import winner
from components.reporting.cells import Cell
from components.reporting.words.naming import line_name, phrase, sampler_name, varying
from components.spec.keys import canonical_json

WIDEST = 8
"""Columns of tiles that can be taken in side by side."""
MOST = 60
"""Tiles that a sheet shows at most."""


@dataclass(frozen=True)
class Sheet:
    """Where each cell's tile lies.

    Attributes:
        rows, columns: what they are called.
        places: (row, column), as they are called → the cell.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    places: Mapping[tuple[str, str], Cell]


def arrange(cells: Sequence[Cell], metric: str | None) -> Sheet:
    """Networks as rows and samplers as columns.

    With more samplers than can stand side by side, one sampling setting makes the columns: the
    number of steps if it is swept, or the one with the most values.

    Args:
        cells: all cells; of very many, those that are best by ``metric`` have a tile.
        metric: ranks them; None keeps the first ones.
    """
    shown = leading(cells, metric, MOST)
    if len({cell.sampler for cell in cells}) <= WIDEST:
        return _sheet({(cell.model, cell.sampler): cell for cell in shown})
    setting = line_setting(cells, WIDEST)
    if setting is None:
        several = len({cell.model for cell in cells}) > 1
        return _sheet({(line_name(c.model, c.sampler, several), "samples"): c for c in shown})
    values = list(dict.fromkeys(cell.sampling[setting] for cell in shown))
    if all(isinstance(value, int | float) for value in values):
        values.sort()
    columns = tuple(phrase(f"sampling.{setting}", value) for value in values)
    return _sheet({place(cell, cells, setting): cell for cell in shown}, columns)


def line_setting(cells: Sequence[Cell], most: int | None = None) -> str | None:
    """The sampling setting along which cells make lines: the number of steps where it varies.

    Otherwise the one with the most values, of those with at most ``most``; None if there is none.
    """
    samplings = [cell.sampling for cell in cells]
    values = {n: len({canonical_json(s.get(n)) for s in samplings}) for n in varying(samplings)}
    fit = {name: count for name, count in values.items() if most is None or count <= most}
    return max(fit, key=lambda name: (name == "steps", fit[name]), default=None)


def place(cell: Cell, cells: Sequence[Cell], setting: str) -> tuple[str, str]:
    """The cell's line, and what it is called there."""
    sampler = sampler_name(cell.sampling, [c.sampling for c in cells], without=(setting,))
    several = len({c.model for c in cells}) > 1
    line = line_name(cell.model, sampler, several)
    return line, phrase(f"sampling.{setting}", cell.sampling[setting])


def leading(cells: Sequence[Cell], metric: str | None, most: int) -> list[Cell]:
    """The ``most`` best cells by ``metric``, in the order of the plan; the winner is among them."""
    kept, top = by_value(cells, metric)[:most], winner(cells, metric)
    if top is not None and cells[top] not in kept:
        kept[-1] = cells[top]
    return [cell for cell in cells if cell in kept]


def by_value(cells: Sequence[Cell], metric: str | None) -> list[Cell]:
    """The best cell by ``metric`` first, those without it last; without one the plan's order."""
    if metric is None:
        return list(cells)
    known = [cell for cell in cells if metric in cell.figures]
    known.sort(key=lambda cell: sign(metric) * cell.figures[metric].value)
    return [*known, *(cell for cell in cells if metric not in cell.figures)]


def _sheet(places: Mapping[tuple[str, str], Cell], columns: tuple[str, ...] = ()) -> Sheet:
    """The sheet of these places, its columns in the order of the plan unless given."""
    rows, found = (tuple(dict.fromkeys(place[i] for place in places)) for i in (0, 1))
    return Sheet(rows, columns or found, places)
