"""A judgement's files: the one writer of `metrics.json` and its reader.

metrics.json        "metrics": name → value, low, high, confidence, interval (its method) and the
                    protocol; "groups": group → the same; "left_out", "notes", "folders";
                    "prompts": what identifies the images' prompts; "pseudo_values": SHA-256 of
pseudo_values.npz   what each image adds to a figure: "NAME|generated", "NAME|reference",
                    "NAME|crossed" (`components.figures.statistics.measured`), and "seeds"
summary.json        some ten plain numbers, which `dvc metrics` shows
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.figures.closest import write_pairs
from components.figures.figure import Figure, Origins
from components.figures.judgement import Judgement
from components.figures.protocol import Protocol
from components.figures.statistics.intervals import Estimate
from components.figures.statistics.measured import Measured
from components.files.array_file import read_archive
from components.files.digests import known_sha256
from components.files.json_file import read_object, write_json
from components.files.manifest import intact
from components.spec.metrics import METRICS, family_of

RECORD, PSEUDO_VALUES, SUMMARY = "metrics.json", "pseudo_values.npz", "summary.json"

PARTS = ("generated", "reference", "crossed")
"""The pseudo-values of a `Measured`."""

Arrays = Mapping[str, NDArray[Any]]


def write_judgement(out: Path, judgement: Judgement) -> None:
    """Write metrics.json; pseudo_values.npz and closest_pairs.{json,npy} where there are any."""
    content: dict[str, Any] = {"metrics": records(judgement.figures)}
    if judgement.groups:
        content["groups"] = {name: records(figures) for name, figures in judgement.groups.items()}
    for part in ("left_out", "notes", "folders"):
        if value := getattr(judgement, part):
            content[part] = list(value) if isinstance(value, tuple) else dict(value)
    if judgement.origins:
        content["prompts"] = judgement.origins.prompts
    if arrays := _arrays(judgement):
        np.savez(out / PSEUDO_VALUES, **arrays)  # type: ignore[arg-type]
        content["pseudo_values"] = known_sha256(out / PSEUDO_VALUES)
    write_json(out / RECORD, content)
    if judgement.closest:
        write_pairs(out, judgement.closest)


def write_summary(out: Path, judgement: Judgement) -> None:
    """Write summary.json: the main columns' values, each by the network that was named first, and
    the interval of the one that ranks."""
    columns: dict[int, dict[str, float]] = {}
    for name, figure in judgement.figures.items():
        family = METRICS.get(family_of(name) or "")
        if family and family.column:
            ends = {f"{name}_low": figure.low, f"{name}_high": figure.high}
            numbers = {name: figure.value, **(ends if family.ranks else {})}
            columns.setdefault(family.column.place, numbers)
    write_json(out / SUMMARY, {k: v for numbers in columns.values() for k, v in numbers.items()})


def figure_record(figure: Figure) -> dict[str, Any]:
    """A figure as metrics.json has it: plain JSON values."""
    estimate = figure.measured.estimate
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "confidence": estimate.confidence,
        "interval": estimate.method,
        **figure.protocol.to_json(),
    }


def read_judgement(directory: Path) -> Judgement:
    """What a judgement's directory holds, but for the closest pairs.

    Raises:
        AlphabarError: metrics.json is missing, broken, or no record of figures; or the
            pseudo-values are not those that it was written with.
    """
    path, remedy = directory / RECORD, f"delete {directory} and run the experiment again"
    content = read_object(intact(path), remedy)
    if not isinstance(content.get("metrics"), Mapping) or not content["metrics"]:
        raise AlphabarError(
            f"{path} holds no evaluated figures", "give the output directory of an `evaluate` stage"
        )
    try:
        arrays = _read_arrays(directory / PSEUDO_VALUES, content.get("pseudo_values"))
        origins = None
        if "prompts" in content:
            origins = Origins(arrays["seeds"], content["prompts"])
        figures = _figures(content["metrics"], arrays)
        judgement = Judgement(
            figures,
            {group: _figures(records, {}) for group, records in content.get("groups", {}).items()},
            dict(content.get("left_out", {})),
            tuple(content.get("notes", ())),
            dict(content.get("folders", {})),
        )
    except AlphabarError as error:
        raise AlphabarError(f"{path}: {error.what}", remedy) from error
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise AlphabarError(f"{path} is broken: {error}", remedy) from error
    return judgement.made_from(origins)


def records(figures: Mapping[str, Figure]) -> dict[str, Any]:
    """Metric → `figure_record`."""
    return {name: figure_record(figure) for name, figure in figures.items()}


def _arrays(judgement: Judgement) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, figure in judgement.figures.items():
        parts = {part: getattr(figure.measured, part) for part in PARTS}
        arrays |= {f"{name}|{part}": a for part, a in parts.items() if a is not None}
    return arrays | ({"seeds": judgement.origins.seeds} if judgement.origins else {})


def _read_arrays(path: Path, recorded: str | None) -> Arrays:
    """The archive that ``recorded`` is the SHA-256 of; nothing where there is none."""
    if recorded is None:
        return {}
    if not intact(path).is_file():
        raise AlphabarError(f"{path.name} is missing", "")
    if known_sha256(path) != recorded:
        raise AlphabarError(f"{path.name} is damaged: its SHA-256 is not the recorded one", "")
    arrays = read_archive(intact(path))
    if wrong := [name for name, values in arrays.items() if values.ndim != 1]:
        raise ValueError(f"{path.name} has {wrong[0]}, which is no row of numbers")
    return arrays


def _figures(records: Mapping[str, Any], arrays: Arrays) -> dict[str, Figure]:
    return {name: _figure(name, record, arrays) for name, record in records.items()}


def _figure(name: str, record: Mapping[str, Any], arrays: Arrays) -> Figure:
    try:
        ends = ("value", "low", "high", "confidence")
        value, low, high, confidence = (float(record[end]) for end in ends)
        rest = {part: each for part, each in record.items() if part not in (*ends, "interval")}
        estimate = Estimate(value, low, high, confidence, str(record["interval"]))
        protocol = Protocol.of_json(rest)
    except AlphabarError as error:
        raise AlphabarError(f"the record of {name} has {error.what}", "") from None
    except (KeyError, TypeError, ValueError) as error:
        raise AlphabarError(f"the record of {name} is incomplete: {error}", "") from None
    parts = (arrays.get(f"{name}|{part}") for part in PARTS)
    return Figure(name, Measured(estimate, *parts), protocol)
