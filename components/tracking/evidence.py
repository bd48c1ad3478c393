"""What is known of a registered version: its whole evaluation record."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.files.array_file import read_archive
from components.files.json_file import load_json
from components.files.manifest import intact, there
from components.spec.metrics import INTERVAL, PROTOCOL
from components.tracking.fields import text

RECORD, PSEUDO_VALUES = "metrics.json", "pseudo_values.npz"

MEASURED = (*PROTOCOL, INTERVAL)
"""The fields of a record that say how a figure was measured."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A measured figure, its interval, and how it was measured: `MEASURED`, values as text."""

    metric: str
    value: float
    low: float
    high: float
    protocol: Mapping[str, str]

    @property
    def finite(self) -> bool:
        """Whether value and interval are numbers."""
        return all(map(math.isfinite, (self.value, self.low, self.high)))

    def interval(self) -> str:
        """Value and interval, as tables show them."""
        return f"{self.value:.6g} [{self.low:.6g}, {self.high:.6g}]"

    def __str__(self) -> str:
        return f"{self.metric} {self.interval()}"


@dataclass(frozen=True)
class Evidence:
    """Every figure of one evaluation, and what each image adds to it where that is known.

    Attributes:
        figures: a figure's full name, or ``NAME/GROUP`` for one of a group: the figure.
        pseudo_values: full name → those of the generated images and those of the reference;
            None where the figure has none.
        crossed: full name → what both of these contain; without those that have none.
        seeds: (n,) the seed of each generated image.
    """

    figures: Mapping[str, Figure]
    pseudo_values: Mapping[str, tuple[Floats | None, Floats | None]] = field(default_factory=dict)
    seeds: NDArray[np.int64] | None = None
    crossed: Mapping[str, Floats] = field(default_factory=dict)


def figure(metric: str, record: Mapping[str, Any]) -> Figure:
    """The figure in a record of ``metrics.json``.

    Raises:
        AlphabarError: a field is missing or no number.
    """
    try:
        value, low, high = (float(record[name]) for name in ("value", "low", "high"))
    except (KeyError, TypeError, ValueError) as error:
        raise AlphabarError(
            f"the record of {metric} is incomplete: {error}",
            "give value, low and high, as evaluate's metrics.json has them",
        ) from error
    protocol = {name: text(record[name]) for name in MEASURED if record.get(name)}
    return Figure(metric, value, low, high, protocol)


def read_evidence(directory: Path) -> Evidence:
    """The evidence in a published evaluation: metrics.json, and pseudo_values.npz where it is.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    try:
        content = load_json(intact(directory / RECORD))
        named = dict(content["metrics"])
        for group, records in content.get("groups", {}).items():
            named |= {f"{metric}/{group}": record for metric, record in records.items()}
        figures = {name: figure(name, record) for name, record in named.items()}
        arrays = _arrays(directory / PSEUDO_VALUES)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise AlphabarError(
            f"the evaluation in {directory} cannot be read: {error}",
            "run the experiment again, or register another version",
        ) from error
    if any(values.ndim != 1 for values in arrays.values()):
        raise AlphabarError(
            f"{directory / PSEUDO_VALUES} holds arrays that are not one row of numbers",
            "run the experiment again, or register another version",
        )
    names = {name.rpartition("|")[0] for name in arrays if "|" in name}
    pairs = {n: (arrays.get(f"{n}|generated"), arrays.get(f"{n}|reference")) for n in names}
    crossed = {n: arrays[f"{n}|crossed"] for n in names if f"{n}|crossed" in arrays}
    return Evidence(figures, pairs, arrays.get("seeds"), crossed)


def _arrays(path: Path) -> dict[str, Any]:
    if not there(path):
        return {}
    return read_archive(path)
