"""What an editing command shows: what was given, and beside it what became of it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.generation.editing.inversion import Inverted
from components.reporting.pictures.panels import Panel, noise_image, painted_over, wrapped
from components.reporting.words.sampled import decibels

COLUMNS = 9
"""Panels a row."""

Panels = Sequence[Sequence[Panel]]


def there_and_back(names: Sequence[str], images: NDArray[np.uint8], found: Inverted) -> Panels:
    """A row for each image: itself, its noise, and what is sampled from that."""
    columns = zip(names, images, found.noise, found.again.images, found.psnr, strict=True)
    return [
        [
            Panel(image, name),
            Panel(noise_image(noise), "noise"),
            Panel(again, decibels(value)),
        ]
        for name, image, noise, again, value in columns
    ]


def walk(images: NDArray[np.uint8], seeds: tuple[int, int]) -> Panels:
    """The frames from one seed's image to the other's."""
    frames = len(images)
    ends = {0: f"seed {seeds[0]}", frames - 1: f"seed {seeds[1]}"}
    labels = [ends.get(k, f"{k}/{frames - 1}") for k in range(frames)]
    return wrapped([Panel(*pair) for pair in zip(images, labels, strict=True)], COLUMNS)


def beside(
    name: str,
    image: NDArray[np.uint8],
    results: NDArray[np.uint8],
    prompts: Sequence[str],
    seed: int,
    filled: NDArray[np.bool_] | None = None,
) -> Panels:
    """The original and the results, each called by its seed and, of several, its prompt.

    Args:
        seed: of the first result.
        filled: (height, width), what was filled; shown painted over.
    """
    before = [Panel(image, name)]
    if filled is not None:
        before.append(Panel(painted_over(image, filled), "kept"))
    labels = []
    for k in range(len(results)):
        turn = f"{prompts[k % len(prompts)]}, " if len(prompts) > 1 else ""
        labels.append(f"{turn}seed {seed + k}")
    after = [Panel(*pair) for pair in zip(results, labels, strict=True)]
    return wrapped([*before, *after], COLUMNS)
