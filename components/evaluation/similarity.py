"""The stage `similarity`: how much generated images of a subject are like its real ones.

Where 3 to 30 images allow no Fréchet distance: the mean cosine between features of generated and
of real images (Ruiz et al. 2023, section 4, DINO and CLIP-I, by the extractors that there are).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.data.subject import load_subject
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_sources import read_samples
from components.figures.statistics.intervals import Floats
from components.files.json_file import write_json
from components.networks.device import resolve_device
from components.runtime import Runtime

RESAMPLED = 2000
"""Bootstrap samples."""

_SEED = 0  # fixed: the same images must give the same interval

Rows = NDArray[np.intp]


def similarity(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """Write metrics.json: extractor → ``tuned``, ``baseline``, ``difference`` (the first less the
    second, on equal seeds) and ``ceiling``, each with ``value``, ``low`` and ``high``.

    Args:
        spec: ``extractors``, ``size`` and ``confidence``, as the evaluation section has them.
        inputs: ``tuned`` and ``baseline``, samples; ``subject``.
    """
    real = load_subject(inputs["subject"])
    drawn = {name: read_samples(inputs[name])[0].images for name in ("tuned", "baseline")}
    device = resolve_device(runtime.accelerator)
    bank = FeatureBank(device, runtime.cache, runtime.progress, runtime.weights)
    found = {}
    for extractor in spec["extractors"]:
        features = bank.features(real, extractor, spec["size"])
        seen = {
            name: bank.features(images, extractor, spec["size"]).values
            for name, images in drawn.items()
        }
        told = similarities(features.values, seen["tuned"], seen["baseline"], spec["confidence"])
        counts = {"n_generated": len(seen["tuned"]), "n_reference": len(real)}
        found[extractor] = {**told, **counts, "resize": features.resize}
    write_json(out / "metrics.json", {"confidence": spec["confidence"], "similarity": found})


def similarities(
    real: NDArray[np.float32],
    tuned: NDArray[np.float32],
    baseline: NDArray[np.float32],
    confidence: float,
) -> dict[str, dict[str, float]]:
    """The mean cosines of ``tuned`` and of ``baseline`` with ``real``, their difference, and what
    each real image reaches with the others, leave one out: the ceiling.

    Intervals are bootstrap percentiles over the generated images, row k of both together, and the
    real ones.

    Args:
        real, tuned, baseline: (n, d) features; tuned and baseline with as many rows.
    """
    near = {"tuned": cosines(tuned, real), "baseline": cosines(baseline, real)}
    near["difference"] = near["tuned"] - near["baseline"]
    others = cosines(real, real)
    np.fill_diagonal(others, np.nan)

    def ceiling(_: Rows, rows: Rows) -> float:
        # an image that is drawn twice is none of its own neighbours
        return float(np.nanmean(others[np.ix_(rows, rows)]))

    measures = {name: _mean_of(each) for name, each in near.items()} | {"ceiling": ceiling}
    return _with_intervals(measures, len(tuned), len(real), confidence)


def mean_cosine(
    real: NDArray[np.float32], drawn: NDArray[np.float32], confidence: float
) -> dict[str, float]:
    """``value``, ``low`` and ``high`` of ``tuned`` in `similarities`, for ``drawn``."""
    measure = _mean_of(cosines(drawn, real))
    return _with_intervals({"drawn": measure}, len(drawn), len(real), confidence)["drawn"]


Measure = Callable[[Rows, Rows], float]
"""Of rows of generated and of real images."""


def _mean_of(near: Floats) -> Measure:
    return lambda generated, rows: float(near[np.ix_(generated, rows)].mean())


def _with_intervals(
    measures: Mapping[str, Measure], generated: int, real: int, confidence: float
) -> dict[str, dict[str, float]]:
    resampled = _resampled(generated, real)
    ends = [50 * (1 - confidence), 50 * (1 + confidence)]
    found = {}
    for name, measure in measures.items():
        low, high = np.percentile([measure(*rows) for rows in resampled], ends)
        value = measure(np.arange(generated), np.arange(real))
        found[name] = {"value": value, "low": float(low), "high": float(high)}
    return found


def _resampled(generated: int, real: int) -> list[tuple[Rows, Rows]]:
    """Rows of generated and of real images, drawn with replacement; at least two different real
    ones, so that each has a neighbour."""
    random = np.random.default_rng(_SEED)
    found = list[tuple[Rows, Rows]]()
    while len(found) < RESAMPLED:
        rows = random.integers(0, real, real)
        if len(set(rows.tolist())) > 1:
            found.append((random.integers(0, generated, generated), rows))
    return found


def cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> Floats:
    """(rows of ``one``, rows of ``other``)."""
    wide = (each.astype(np.float64) for each in (one, other))
    left, right = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in wide)
    found: Floats = left @ right.T
    return found
