"""What makes figures mean less than they seem to: images that occur twice, in a set or in both."""

import hashlib
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from components.evaluation.view import View
from components.spec.metric_families import FAMILIES

_IN_BALLS = [family.words for family in FAMILIES.values() if "neighbours" in family.options]
"""What counts images within balls that reach to a neighbour."""


def notes_on(view: View, reference: str) -> list[str]:
    """Sentences about copies among the images, as one extractor sees them.

    Images whose features are the same to the bit are one image. An image on the rim of a ball is
    outside of it, and so is a copy of the image that a ball of radius 0 is about.

    Args:
        view: both sets, or the judged one alone.
        reference: what the reference is called.
    """
    real = view.reference
    ours, theirs = _counted(view.generated.values), _counted(real.values if real else [])
    found = []
    for name, rows in (("judged images", ours), (f"images of the reference ({reference})", theirs)):
        if len(rows) < rows.total():
            kinds = f"{len(rows)} are different" if len(rows) > 1 else "1 is different"
            found.append(f"of the {rows.total()} {name} only {kinds}; the others are copies")
    if shared := sum(times for row, times in ours.items() if row in theirs):
        found.append(
            f"{shared} of the {ours.total()} judged images are in the reference ({reference}), "
            "too: figures against it say little of a model then"
        )
    if any(times > view.neighbours for rows in (ours, theirs) for times in rows.values()):
        found.append(
            f"an image that occurs more than {view.neighbours} times has a ball of radius 0, which "
            f"holds nothing: {', '.join(_IN_BALLS[:-1])} and {_IN_BALLS[-1]} count it as missed"
        )
    return found


def _counted(features: Iterable[NDArray[np.floating]]) -> "Counter[bytes]":
    """Digests of the rows of (n, d) → how often each occurs; no copy of all rows is kept."""
    return Counter(hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in features)
