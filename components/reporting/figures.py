"""A measured figure as `metrics.json` records it: value, interval and protocol, ready to print."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError

PROTOCOL = (
    "extractor",
    "resize",
    "reference",
    "data_hash",
    "n_generated",
    "n_reference",
    "confidence",
)
"""What two figures must share to be compared."""

SHARES = ("recognised_", "retrieval_")  # shown in per cent
LOWER_IS_BETTER = ("fd_", "fid", "kd_", "kid", "elbo_bpd")
OF_NETWORKS = ("elbo_bpd",)
"""Figures of a network, whatever its sampler: the same in all of its cells."""
NAMES = {
    "fd_": "Fréchet distance",
    "fid": "FID",
    "kd_": "kernel distance",
    "kid": "KID",
    "elbo_bpd": "variational bound in bits per dimension",
    "clip_score": "CLIP score",
    "recognised_": "recognised",
}


@dataclass(frozen=True)
class Figure:
    """One metric of one set of images.

    Attributes:
        metric: its plain name, such as ``fd_efficientnet_lite0``.
        value, low, high: the estimate and its interval, in the metric's unit.
        record: the whole record of `metrics.json`, protocol included.
    """

    metric: str
    value: float
    low: float
    high: float
    record: Mapping[str, Any]

    @property
    def protocol(self) -> dict[str, Any]:
        """What another figure must share to be comparable with this one."""
        return {name: self.record.get(name) for name in PROTOCOL}

    def overlaps(self, other: "Figure") -> bool:
        """Whether the two intervals share a point: the difference may then be noise."""
        return self.low <= other.high and other.low <= self.high

    def text(self) -> str:
        """``value [low, high]`` with as many digits as the interval supports."""
        decimals = self.decimals()
        value, low, high = (
            f"{self.scale * x:.{decimals}f}" for x in (self.value, self.low, self.high)
        )
        return f"{value}{self.unit} [{low}, {high}]"

    def short(self) -> str:
        """The value alone, with the digits of `text`."""
        return f"{self.scale * self.value:.{self.decimals()}f}{self.unit}"

    @property
    def scale(self) -> float:
        return 100.0 if self.metric.startswith(SHARES) else 1.0

    @property
    def unit(self) -> str:
        return " %" if self.metric.startswith(SHARES) else ""

    def decimals(self) -> int:
        """Two significant digits of the interval's half width; at most 7 decimals."""
        half = self.scale * (self.high - self.low) / 2
        if not half > 0:
            half = abs(self.scale * self.value) / 100 or 1.0
        return min(7, max(0, 1 - math.floor(math.log10(half))))


def read_figures(directory: Path) -> dict[str, Figure]:
    """The figures of an ``evaluate/`` or ``reference/`` directory, by metric.

    Raises:
        AlphabarError: `metrics.json` is missing, broken, or not a record of figures.
    """
    path = directory / "metrics.json"
    return parse_figures(read_object(path), str(path))


def parse_figures(content: Mapping[str, Any], origin: str) -> dict[str, Figure]:
    """The figures in the content of a `metrics.json` that ``origin`` names in messages.

    Raises:
        AlphabarError: ``metrics`` is missing, or a record lacks its value or interval.
    """
    records = content.get("metrics")
    if not isinstance(records, Mapping) or not records:
        raise AlphabarError(
            f"{origin} holds no evaluated figures",
            "give the output directory of an `evaluate` stage",
        )
    return {name: _figure(name, record, origin) for name, record in records.items()}


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises AlphabarError when it is missing or broken."""
    remedy = f"delete {path.parent} and run the experiment again"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AlphabarError(f"{path} does not exist", remedy) from None
    except ValueError as error:
        raise AlphabarError(f"{path} is broken: {error}", remedy) from error
    if not isinstance(content, dict):
        raise AlphabarError(f"{path} holds no JSON object", remedy)
    return content


def readable(metric: str) -> str:
    """The metric's name in words: ``fd_x`` is ``Fréchet distance (x)``."""
    for prefix, words in NAMES.items():
        if metric.startswith(prefix):
            rest = metric.removeprefix(prefix).strip("_")
            return f"{words} ({rest})" if rest else words
    return metric


def lower_is_better(metric: str) -> bool:
    """Whether a smaller value of ``metric`` is the better one."""
    return metric.startswith(LOWER_IS_BETTER)


def sampled(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """The figures of samples, without those of the network alone."""
    return {name: f for name, f in figures.items() if not name.startswith(OF_NETWORKS)}


def first_metric(figures: Mapping[str, Figure], *prefixes: str) -> str | None:
    """The first metric, by name, that starts with one of ``prefixes``."""
    return next((name for name in sorted(figures) if name.startswith(prefixes)), None)


def main_metric(figures: Mapping[str, Figure]) -> str | None:
    """The distance that ranks cells: FID or a Fréchet distance."""
    return first_metric(figures, "fid", "fd_")


def _figure(name: str, record: Mapping[str, Any], origin: str) -> Figure:
    try:
        value, low, high = (float(record[part]) for part in ("value", "low", "high"))
    except (KeyError, TypeError, ValueError):
        raise AlphabarError(
            f"{origin}: the record of {name} has no value, low and high", "evaluate it again"
        ) from None
    return Figure(name, value, low, high, record)
