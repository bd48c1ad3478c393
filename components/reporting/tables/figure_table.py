"""One set of images: its figures as rows, each with its interval, its floor and its protocol."""

from collections import Counter
from collections.abc import Mapping

from components.figures.figure import Figure, direction, readable
from components.figures.floors import beside
from components.figures.judgement import Figures
from components.figures.protocol import NOTHING
from components.figures.record import figure_record
from components.reporting.tables.columns import ordered_metrics
from components.reporting.tables.notes import about_images, left_out
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Column, Table
from components.reporting.tables.values import value_of
from components.reporting.words.naming import evaluations_words

WAYS = {"lower": "lower", "higher": "higher", "neither": ""}
COMMON = (
    "extractor",
    "engine",
    "resize",
    "n_generated",
    "against",
    "confidence",
    "data_hash",
    "seed",
)
"""Parts of the protocol that are said once where most figures share them."""


def figure_table(caption: str, subject: Subject, floors: Figures | None = None) -> Table:
    """Every metric of one set of images as a row.

    Args:
        caption: what it was judged against.
        subject: the set.
        floors: the figures of real images.
    """
    floors, about_floors = beside(floors or {}, [subject.figures])
    usual = _usual(subject)
    lines = []
    for metric in ordered_metrics([subject.figures]):
        figure = subject.figures[metric]
        floor = value_of(floors[metric]) if metric in floors else None
        values = figure.short(), figure.interval(), floor
        lines.append((readable(metric), *values, WAYS[direction(metric)], _protocol(figure, usual)))
    titles = (
        "metric",
        "value",
        "interval",
        "real images",
        Column("better", gives_way=1),
        Column("settings", gives_way=2),
    )
    table = Table.of_texts(caption, titles, lines).without_empty_columns()
    about = (*about_floors, *about_images([subject]), *left_out([subject]))
    return table.noted(*_notes(subject, usual), *about)


def _usual(subject: Subject) -> dict[str, str]:
    """What most figures share of their protocol, in words; part → value."""
    found = {}
    for part in COMMON:
        values = Counter(_part(figure, part) for figure in subject.figures.values())
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


def _notes(subject: Subject, usual: Mapping[str, str]) -> list[str]:
    """What most figures share, and what the images cost."""
    told = [f"{part.replace('_', ' ')} {value}" for part, value in usual.items() if value]
    notes = [f"unless a row says otherwise: {', '.join(told)}"] if told else []
    if subject.evaluations is not None:
        notes.append(f"{evaluations_words(subject.evaluations)} of the network an image")
    return notes
