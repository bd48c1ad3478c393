"""How rows stand to the best where some were measured by another protocol, as against another
holdout: those are compared with each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.figures.comparison import differing
from components.figures.figure import Figure
from components.figures.protocol import CONFIDENCE, COUNT
from components.figures.standing import BEST, UNLIKE, Standing, standings

WORDS = {
    "reference": "other holdout",
    "data_hash": "other holdout",
    "reference_key": "other holdout",
    "extractor": "other extractor",
    "resize": "other resizing",
    COUNT: "other number of images",
    "n_reference": "other number of real images",
    CONFIDENCE: "other confidence level",
    "settings": "other settings of the metric",
}
"""What differs in a protocol, in words; the first one that differs says it."""


def standings_apart(
    rows: Sequence[Mapping[str, Figure]], metric: str | None, best: int | None = None
) -> list[Standing]:
    """As `standings`; rows of another protocol than that of the best stand to the best among those
    of their own, and say what differs."""
    found = standings(rows, metric, best)
    top = next((i for i, each in enumerate(found) if each.kind == BEST), best)
    unlike = [i for i, each in enumerate(found) if each.kind == UNLIKE]
    if metric is None or top is None or not unlike:
        return found
    figures = {i: rows[i][metric] for i in unlike}
    while unlike:
        alike = [i for i in unlike if not differing(figures[unlike[0]], figures[i])]
        parts = differing(figures[alike[0]], rows[top][metric])
        said = next(words for part, words in WORDS.items() if part in parts)
        inner = standings([rows[i] for i in alike], metric)
        able = len(alike) > 1 and any(each.kind == BEST for each in inner)
        first = alike[[each.kind for each in inner].index(BEST)] if able else None
        for i, each in zip(alike, inner, strict=True):
            found[i] = replace(each if able else found[i], apart=said, against=first)
        unlike = [i for i in unlike if i not in alike]
    return found
