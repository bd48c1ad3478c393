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
from components.evaluation.images.image_set import ImageSet
from components.evaluation.images.image_sources import read_alike, read_samples
from components.evaluation.metrics.distances import unit_rows
from components.figures.figure import Figure, Origins
from components.figures.judgement import Judgement
from components.figures.likeness import JUDGED
from components.figures.protocol import NOTHING, Protocol
from components.figures.record import write_judgement
from components.figures.statistics.intervals import Estimate, Floats
from components.figures.statistics.measured import Measured
from components.files.json_file import write_json
from components.networks.device import resolve_device
from components.runtime import Runtime
from components.spec.metrics import LIKENESS, metric_name
from components.spec.reading import READING, Reading

RESAMPLED = 2000
"""Bootstrap samples."""

METHOD = f"bootstrap percentiles over both sets ({RESAMPLED} samples)"
"""How intervals are made."""

_SEED = 0  # fixed: the same images must give the same interval

Rows = NDArray[np.intp]


def similarity(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """Write metrics.json: extractor → ``tuned``, ``baseline``, ``difference`` (the first less the
    second, on equal seeds) and ``ceiling``, each with ``value``, ``low`` and ``high``; and into the
    folder `JUDGED` the tuned model's as figures, with what each image adds (`write_judgement`).

    Args:
        spec: ``extractors``, ``size`` and ``confidence``, as the evaluation section has them, and
            ``reading``: images pair where they were asked for alike but for the taught word.
        inputs: ``tuned`` and ``baseline``, samples; ``subject``.

    Raises:
        AlphabarError: the baseline's samples are of other seeds or prompts, or an image's features
            are nought.
    """
    real = ImageSet.bare(load_subject(inputs["subject"]), "the subject's images", NOTHING)
    drawn, seeds = read_samples(inputs["tuned"])
    before = read_alike(inputs["baseline"], Origins.of(seeds, drawn.classes, drawn.captions))
    device = resolve_device(runtime.accelerator)
    bank = FeatureBank(device, runtime.cache, runtime.progress, runtime.weights)
    found, figures, level = {}, {}, spec["confidence"]
    for extractor in spec["extractors"]:
        features = bank.features(real.images, extractor, spec["size"])
        tuned, baseline = (
            bank.features(each.images, extractor, spec["size"]).values for each in (drawn, before)
        )
        told = similarities(features.values, tuned, baseline, level)
        protocol = Protocol(
            n_generated=len(drawn),
            n_reference=len(real),
            extractor=extractor,
            resize=features.resize,
            reference=real.name,
            data_hash=real.data_hash,
            seed=int(seeds.min()),
            reference_key=real.key,
            engine=features.engine,
        )
        counts = {"n_generated": len(drawn), "n_reference": len(real)}
        found[extractor] = {**told, **counts, "resize": features.resize}
        mean, name = told["tuned"], metric_name(LIKENESS, extractor)
        estimate = Estimate(mean["value"], mean["low"], mean["high"], level, METHOD)
        figures[name] = Figure(name, measured(cosines(tuned, features.values), estimate), protocol)
    write_json(out / "metrics.json", {"confidence": level, "similarity": found})
    reading = Reading.of(spec.get(READING))
    captions = [reading.read(text) if reading else text for text in drawn.captions]
    (out / JUDGED).mkdir()
    origins = Origins.of(seeds, drawn.classes, captions)
    write_judgement(out / JUDGED, Judgement(figures).made_from(origins))


def measured(near: Floats, estimate: Estimate) -> Measured:
    """The mean of ``near``, (generated, real) cosines, with what each image adds to it.

    A generated image adds its mean over the real ones, a real one its mean over the generated.
    What is left is of both, and both of these means' variances contain it (the two-way analysis
    of variance; Efron, Stein 1981).
    """
    generated, real = near.mean(axis=1), near.mean(axis=0)
    left = near - generated[:, None] - real + near.mean()
    freedom = near.size * max(1, (len(generated) - 1) * (len(real) - 1))
    return Measured(estimate, generated, real, left.ravel() / freedom**0.5)


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
    """(rows of ``one``, rows of ``other``); raises AlphabarError when a row is nought."""
    found: Floats = unit_rows(one) @ unit_rows(other).T
    return found
