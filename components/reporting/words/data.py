"""What was made of the data before it was trained on, in words."""

from collections.abc import Mapping
from typing import Any

from components.data.summary import fit_words, several_words
from components.spec.catalogue import FITS


def data_words(figures: Mapping[str, Any]) -> list[str]:
    """A clause a fact; none where images are square, have a caption each and are not mirrored.

    Args:
        figures: metrics.json of a ``train/`` directory.
    """
    counts = {fit: figures.get(f"images_fit_by_{fit}", 0) for fit in FITS}
    said = [fit_words(fit, count) for fit, count in counts.items() if count]
    if several := figures.get("several_captions", 0):
        said.append(f"{several_words(several)}, of which each step drew one")
    if figures.get("images_mirrored", 0):
        said.append("mirrored copies were trained on, too")
    return said
