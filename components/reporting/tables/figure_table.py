"""One set of images: its figures as rows, each with its interval, its floor and its protocol."""

from collections import Counter
from collections.abc import Mapping

from components.figures.figure import Figure, direction, readable
from components.figures.floors import beside
from components.figures.protocol import NOTHING
from components.figures.record import figure_record
from components.reporting.tables.columns import ordered_metrics
from components.reporting.tables.text_table import Row, Table
from components.reporting.words.naming import evaluations_words

WAYS = {"lower": "lower", "higher": "higher", "neither": ""}
COMMON = ("extractor", "resize", "n_generated", "against", "confidence", "data_hash", "seed")
"""Parts of the protocol that are said once where most figures share them."""


def figure_table(row: Row, floors: Mapping[str, Figure] | None = None) -> Table:
    """Every metric of one set of images as a row.

    Args:
        row: the set.
        floors: the figures of real images.
    """
    shown_floors, about_floors = beside(floors or {}, [row.figures])
    header = ("metric", "value", "interval", "real images", "better", "settings")
    usual = _usual(row)
    lines = []
    for metric in ordered_metrics([row.figures]):
        figure, floor = row.figures[metric], shown_floors.get(metric)
        value, _, interval = figure.text().rpartition(" [")
        lines.append(
            (
                readable(metric),
                value,
                f"[{interval}",
                _floor(floor) if floor else "",
                WAYS[direction(metric)],
                _protocol(figure, usual),
            )
        )
    shown = [i for i in range(len(header)) if any(line[i] for line in lines)]
    return Table(
        tuple(header[i] for i in shown),
        tuple(tuple(line[i] for i in shown) for line in lines),
        (*_notes(row, usual), *about_floors),
    )


def _floor(floor: Figure) -> str:
    return f"{floor.compact()} ({floor.remark})" if floor.remark else floor.compact()


def _usual(row: Row) -> dict[str, str]:
    """What most figures share of their protocol, in words; part → value."""
    found = {}
    for part in COMMON:
        values = Counter(_part(figure, part) for figure in row.figures.values())
        found[part] = values.most_common(1)[0][0]
    return found


def _part(figure: Figure, part: str) -> str:
    if part == "against":
        images = figure.protocol.n_reference  # 0: judged by nothing but the images themselves
        return f"{images} ({figure.protocol.reference})" if images else ""
    return str(figure_record(figure).get(part, ""))


def _protocol(figure: Figure, usual: Mapping[str, str]) -> str:
    """The settings, and what is not as usual."""
    settings = figure.protocol.settings or {}
    parts = [f"{name} {value}" for name, value in sorted(settings.items())]
    for part, value in usual.items():
        own = _part(figure, part)
        if own not in (value, "", NOTHING):
            parts.append(f"{part.replace('_', ' ')} {own}")
    return ", ".join(parts)


def _notes(row: Row, usual: Mapping[str, str]) -> list[str]:
    """What most figures share, and what the images cost."""
    told = [f"{part.replace('_', ' ')} {value}" for part, value in usual.items() if value]
    notes = [f"unless a row says otherwise: {', '.join(told)}"] if told else []
    if row.evaluations is not None:
        notes.append(f"{evaluations_words(row.evaluations)} of the network an image")
    return notes
