"""A measured figure as `metrics.json` records it: value, interval and protocol, ready to print."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.figures.draws import Draws, draws_of, read_draws
from components.files import json_file
from components.files.manifest import intact
from components.spec.metric_family import Direction
from components.spec.metrics import (
    METRICS,
    PUBLISHED,
    RANKING,
    family_of,
    judge_of,
    lower_is_better,
    protocol_of,
)

OF_NETWORKS = tuple(name for name, family in METRICS.own.items() if family.judge == "model")
"""Figures of a network, whatever its sampler: the same in all of its cells."""


@dataclass(frozen=True)
class Figure:
    """One metric of one set of images.

    Attributes:
        metric: its plain name, such as ``fd_efficientnet_lite0``.
        value, low, high: the estimate and its interval, in the metric's unit.
        record: the whole record of `metrics.json`, protocol included.
        draws: what each image adds to it; None where that is not recorded.
        remark: what must stand beside it, such as ``n 500`` (`components.figures.floors`).
    """

    metric: str
    value: float
    low: float
    high: float
    record: Mapping[str, Any]
    draws: Draws | None = None
    remark: str = ""

    @property
    def protocol(self) -> dict[str, Any]:
        """What another figure must share to be comparable with this one."""
        return protocol_of(self.record)

    @property
    def confidence(self) -> float:
        """The level of its interval."""
        return float(self.record.get("confidence", 0.95))

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

    def compact(self) -> str:
        """``value ±half``, the half width that holds the whole interval; no unit.

        A share whose ± would leave 0 to 100 % has its interval as ``[low, high]`` instead.
        """
        half = max(self.high - self.value, self.value - self.low, 0.0)
        decimals = self.decimals()
        if self.unit and not (half <= self.value <= 1.0 - half):
            low, high = (f"{self.scale * end:.{decimals}f}" for end in (self.low, self.high))
            return f"{self.scale * self.value:.{decimals}f} [{low}, {high}]"
        return f"{self.scale * self.value:.{decimals}f} ±{self.scale * half:.{decimals}f}"

    def short(self) -> str:
        """The value alone, with the digits of `text`."""
        return f"{self.scale * self.value:.{self.decimals()}f}{self.unit}"

    @property
    def scale(self) -> float:
        return scale_of(self.metric)

    @property
    def unit(self) -> str:
        return unit_of(self.metric)

    def decimals(self) -> int:
        """Two significant digits of the interval's half width; at most 7 decimals."""
        return decimals_of(self.scale * (self.high - self.low) / 2, self.scale * self.value)


def decimals_of(half: float, value: float) -> int:
    """Decimals for two significant digits of ``half``, or of a hundredth of ``value`` without."""
    if not half > 0:
        half = abs(value) / 100 or 1.0
    return min(7, max(0, 1 - math.floor(math.log10(half))))


def read_figures(directory: Path, prompts: str | None = None) -> dict[str, Figure]:
    """The figures of an ``evaluate/`` or ``reference/`` directory, by metric.

    Args:
        directory: holds `metrics.json`, and `pseudo_values.npz` where figures can be paired.
        prompts: what identifies the prompts of its samples (`draws.prompts_digest`).

    Raises:
        AlphabarError: a file is broken, or `metrics.json` is missing or no record of figures.
    """
    path = directory / "metrics.json"
    figures = parse_figures(read_object(path), str(path))
    draws = read_draws(directory, prompts)
    return {name: replace(f, draws=draws_of(draws, name)) for name, f in figures.items()}


def read_groups(directory: Path) -> dict[str, dict[str, Figure]]:
    """Group of classes or captions → its figures; empty where there are no groups.

    Raises:
        AlphabarError: `metrics.json` is missing or broken.
    """
    path = directory / "metrics.json"
    groups = read_object(path).get("groups")
    if not isinstance(groups, Mapping):
        return {}
    return {
        str(group): parse_figures({"metrics": records}, f"{path}, group {group}")
        for group, records in groups.items()
        if records
    }


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
    return json_file.read_object(intact(path), remedy)


def read_left_out(directory: Path) -> dict[str, str]:
    """Metric → why it was not measured, of an ``evaluate/`` directory.

    Raises:
        AlphabarError: `metrics.json` is missing or broken.
    """
    found = read_object(directory / "metrics.json").get("left_out")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


def read_notes(directory: Path) -> tuple[str, ...]:
    """What an ``evaluate/`` directory says of its images.

    Raises:
        AlphabarError: `metrics.json` is missing or broken.
    """
    found = read_object(directory / "metrics.json").get("notes")
    return tuple(map(str, found)) if isinstance(found, list) else ()


def readable(metric: str) -> str:
    """The metric's name in words: ``fd_x`` is ``Fréchet distance (x)``."""
    family, judge = family_of(metric), judge_of(metric)
    if family is None:
        return metric
    return f"{METRICS[family].words} ({judge})" if judge else METRICS[family].words


def scale_of(metric: str) -> float:
    """What its values are multiplied by to be shown: 100 for shares."""
    return 100.0 if unit_of(metric) else 1.0


def unit_of(metric: str) -> str:
    """What stands behind its values."""
    family = family_of(metric)
    return f" {METRICS[family].unit}".rstrip() if family else ""


def direction(metric: str) -> Direction:
    """Which way is better; ``neither`` too for a figure that nobody knows: it ranks nothing."""
    family = family_of(metric)
    return METRICS[family].better if family else "neither"


def sign(metric: str) -> int:
    """1 where low values are good, -1 where high ones are.

    Raises:
        AlphabarError: the metric has no known direction.
    """
    return 1 if lower_is_better(metric) else -1


def sampled(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """The figures of samples, without those of the network alone."""
    return {name: f for name, f in figures.items() if family_of(name) not in OF_NETWORKS}


def first_of(figures: Mapping[str, Figure], *families: str) -> str | None:
    """The first metric, by name, of the first of ``families`` that has one."""
    found = ((family, name) for family in families for name in sorted(figures))
    return next((name for family, name in found if family_of(name) == family), None)


def main_metric(figures: Mapping[str, Figure]) -> str | None:
    """The distance that ranks cells: FID or a Fréchet distance."""
    return first_of(figures, PUBLISHED[RANKING], RANKING)


def _figure(name: str, record: Mapping[str, Any], origin: str) -> Figure:
    try:
        value, low, high = (float(record[part]) for part in ("value", "low", "high"))
    except (KeyError, TypeError, ValueError):
        raise AlphabarError(
            f"{origin}: the record of {name} has no value, low and high", "evaluate it again"
        ) from None
    return Figure(name, value, low, high, record)
