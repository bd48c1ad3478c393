"""Figures made by hand, and judgements' files from plain records."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from components.figures.figure import Figure, Origins
from components.figures.protocol import Protocol
from components.figures.statistics.intervals import Estimate
from components.figures.statistics.measured import Measured
from components.files.digests import file_sha256

PROTOCOL: dict[str, Any] = {
    "n_generated": 40,
    "n_reference": 540,
    "extractor": "x",
    "resize": "none",
    "reference": "holdout",
    "data_hash": "abc",
}


def made(
    metric: str,
    value: float,
    low: float,
    high: float,
    *,
    confidence: float = 0.95,
    interval: str = "jackknife",
    origins: Origins | None = None,
    pseudo: tuple[np.ndarray | None, ...] = (),
    **protocol: Any,
) -> Figure:
    """A figure; ``pseudo`` is its generated, reference and crossed pseudo-values."""
    measured = Measured(Estimate(value, low, high, confidence, interval), *pseudo)
    return Figure(metric, measured, Protocol(**PROTOCOL | protocol), origins)


def record(value: float, half: float, **changes: Any) -> dict[str, Any]:
    """A figure as metrics.json has it."""
    ends = {"value": value, "low": value - half, "high": value + half, "confidence": 0.95}
    return {**ends, "interval": "jackknife", **PROTOCOL, "seed": 0, **changes}


def write_record(
    directory: Path,
    content: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray] | None = None,
    prompts: str = "the same prompts",
) -> None:
    """metrics.json, and pseudo_values.npz with its digest in it; seeds among the arrays have
    prompts."""
    content = dict(content)
    if arrays:
        np.savez(directory / "pseudo_values.npz", **arrays)  # type: ignore[arg-type]
        content["pseudo_values"] = file_sha256(directory / "pseudo_values.npz")
        if "seeds" in arrays:
            content["prompts"] = prompts
    (directory / "metrics.json").write_text(json.dumps(content))
