"""What real images reach beside figures of samples, as far as the two can be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.figures.comparison import differing
from components.figures.figure import Figure
from components.figures.protocol import CAPTIONS, COMPARED, COUNT
from components.spec.metrics import METRICS, family_of


def beside(
    floors: Mapping[str, Figure], rows: Sequence[Mapping[str, Figure]]
) -> tuple[dict[str, Figure], list[str]]:
    """The floors that may stand beside the figures of all ``rows``, and what must be said of them.

    A floor of another number of images gets that number as its remark where the figure depends
    on it; one that differs in any other part of the protocol is left away. How many captions there
    were changes no mean over images, and candidates are counted in the settings.

    Args:
        floors: metric → figure of real images.
        rows: metric → figure, for each set of images.

    Returns:
        Metric → floor, in the order given, and notes.
    """
    kept: dict[str, Figure] = {}
    away: dict[str, list[str]] = {}
    for metric, floor in floors.items():
        figures = [row[metric] for row in rows if metric in row]
        differ = {part for figure in figures for part in _differing(figure, floor)}
        parts = [part for part in COMPARED if part in differ]
        if parts == [COUNT]:
            kept[metric] = replace(floor, remark=f"n {floor.protocol.n_generated}")
        elif parts:
            away.setdefault(", ".join(parts), []).append(metric)
        else:
            kept[metric] = floor
    notes = [
        f"no floor of {', '.join(metrics)}: real images were measured otherwise ({parts})"
        for parts, metrics in away.items()
    ]
    if any(floor.remark for floor in kept.values()):
        notes.insert(
            0,
            "where n stands with real images, there were so many of them, not as many as of the "
            "samples, and the figure depends on that number",
        )
    return kept, notes


def _differing(figure: Figure, floor: Figure) -> list[str]:
    parts, family = differing(figure, floor), family_of(figure.metric)
    if family and METRICS[family].of_each_image:
        counts = {COUNT} | ({"n_reference"} if figure.protocol.reference == CAPTIONS else set())
        return [part for part in parts if part not in counts]
    return parts
