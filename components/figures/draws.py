"""What each image adds to a figure, as `pseudo_values.npz` records it: what pairs two cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.figures.statistics.intervals import Floats
from components.files.array_file import read_archive
from components.files.manifest import there
from components.files.samples import SampleRow
from components.spec.keys import digest

FILE = "pseudo_values.npz"


@dataclass(frozen=True, eq=False)
class Draws:
    """The pseudo-values behind one figure (`components.figures.statistics.measured`).

    Attributes:
        seeds: (n,) the seed of each generated image; None where they were not drawn from seeds.
        prompts: a digest of what each image was asked to be; None when that is not known.
        generated: (k,) pseudo-values of the generated images; None where there are none.
        reference: (m,) those of the reference; None where there are none.
        crossed: what both of these contain; None where there is nothing.
    """

    seeds: NDArray[np.int64] | None
    prompts: str | None
    generated: Floats | None
    reference: Floats | None
    crossed: Floats | None = None


def read_draws(directory: Path, prompts: str | None = None) -> dict[str, Draws]:
    """Metric → its draws, from an ``evaluate/`` directory; empty where it has none (older ones).

    Args:
        directory: may hold `pseudo_values.npz`.
        prompts: as `prompts_digest` makes it, where the samples are at hand.

    Raises:
        AlphabarError: the file is broken.
    """
    path = directory / FILE
    if not there(path):
        return {}
    try:
        arrays = read_archive(path)
        seeds = arrays.pop("seeds", None)
        metrics = dict.fromkeys(name.rpartition("|")[0] for name in arrays)
    except (OSError, ValueError) as error:
        raise AlphabarError(
            f"{path} is broken: {error}", f"delete {directory} and run the experiment again"
        ) from error
    return {
        metric: Draws(
            seeds,
            prompts,
            *(arrays.get(f"{metric}|{part}") for part in ("generated", "reference", "crossed")),
        )
        for metric in metrics
    }


def prompts_digest(rows: Sequence[SampleRow]) -> str:
    """What identifies the prompts of a set of samples, in their order."""
    return digest([[row.class_index, row.label, row.caption] for row in rows])


def draws_of(draws: Mapping[str, Draws], metric: str) -> Draws | None:
    """The draws of a metric that has any pseudo-values."""
    found = draws.get(metric)
    return found if found and (found.generated is not None or found.reference is not None) else None
