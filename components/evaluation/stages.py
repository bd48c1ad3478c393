"""The stages `reference`, `likelihood` and `evaluate`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.data.arrays import load_info, load_split
from components.errors import AlphabarError
from components.evaluation.intervals import mean_interval
from components.evaluation.judge import FEATURES_FILE, EvaluationProtocol, Judge
from components.evaluation.likelihood import BOUND_IMAGES, BOUND_SEED, holdout_bits
from components.evaluation.records import (
    ELBO,
    RECOGNISED_SVC,
    MetricRecord,
    read_metrics,
    write_metrics,
)
from components.networks.checkpoint import load_checkpoint
from components.networks.device import resolve_device
from components.runtime import Runtime

_FLOOR_SEED = 0  # which training images the floor is taken from


def reference(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """The holdout's features, and the floor: what real images reach.

    Writes holdout_features.npy (n, d) float32 and metrics.json. Distances are those of training
    images, as many as a cell has samples (or all), to the holdout. CLIP score and recognition
    are those of the holdout itself, since scorer and classifier have seen the training images.

    Args:
        spec: the evaluation section.
        inputs: ``data``, and ``scorer`` unless ``spec["clip"]`` is none.
    """
    device = resolve_device(runtime.accelerator)
    judge = Judge(EvaluationProtocol.of(spec), inputs["data"], inputs.get("scorer"), device)
    holdout, train = load_split(inputs["data"], "holdout"), load_split(inputs["data"], "train")
    features = judge.extractor(holdout.images, runtime.progress)
    judge.reference_features = features
    n = len(train.images)
    chosen = np.random.default_rng(_FLOOR_SEED).permutation(n)[: min(spec["samples"], n)]
    records = judge.distances(
        judge.extractor(train.images[np.sort(chosen)], runtime.progress), _FLOOR_SEED
    )
    records |= judge.caption_fit(holdout.images, features, holdout.captions, _FLOOR_SEED)
    if judge.protocol.classifier == "svc":
        accuracy = judge.recogniser.accuracy
        records[RECOGNISED_SVC] = judge.recognition_record(accuracy, len(features), _FLOOR_SEED)
    np.save(out / FEATURES_FILE, features)
    write_metrics(out / "metrics.json", records)


def likelihood(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """The variational bound of holdout images under a model; writes metrics.json.

    Args:
        spec: ``confidence``, the interval's level.
        inputs: ``model`` and ``data``.
    """
    model = load_checkpoint(inputs["model"], resolve_device(runtime.accelerator))
    split = load_split(inputs["data"], "holdout")
    bits = holdout_bits(
        model,
        split.images[:BOUND_IMAGES],
        split.classes[:BOUND_IMAGES].tolist(),
        split.captions[:BOUND_IMAGES],
        runtime.progress,
    )
    record = MetricRecord.of(
        mean_interval(bits, spec["confidence"]),
        n_generated=len(bits),
        n_reference=len(bits),
        extractor="none",
        resize="none",
        reference="holdout",
        data_hash=load_info(inputs["data"]).data_hash,
        seed=BOUND_SEED,
    )
    write_metrics(out / "metrics.json", {ELBO: record})


def evaluate(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """All figures of a cell's samples; writes metrics.json.

    Args:
        spec: the evaluation section.
        inputs: ``samples``, ``reference``, ``data``, ``scorer`` unless ``spec["clip"]`` is none,
            and ``likelihood`` where the model's figures are wanted beside its samples'.
    """
    samples = _read_samples(inputs["samples"])
    judge = Judge.load(
        inputs["reference"],
        inputs["data"],
        inputs.get("scorer"),
        spec,
        resolve_device(runtime.accelerator),
    )
    records = judge.measure(
        samples.images, samples.classes, samples.captions, samples.seed, runtime.progress
    )
    if "likelihood" in inputs:
        records |= read_metrics(inputs["likelihood"] / "metrics.json")
    write_metrics(out / "metrics.json", records)


@dataclass(frozen=True)
class _Samples:
    images: NDArray[np.uint8]
    classes: NDArray[np.int64]
    captions: list[str]
    seed: int


def _read_samples(directory: Path) -> _Samples:
    """The stage `sample`'s output. Raises AlphabarError when it is missing or broken."""
    path = directory / "images.npy"
    try:
        images = np.load(path, allow_pickle=False)
        path = directory / "samples.csv"
        table = pd.read_csv(path, keep_default_na=False, dtype={"caption": str})
        classes = table["class"].to_numpy(np.int64)
        captions, seed = table["caption"].tolist(), int(table["seed"].min())
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise AlphabarError(
            f"{path} is missing or broken: {error}", "delete its directory and run `sample` again"
        ) from error
    return _Samples(images, classes, captions, seed)
