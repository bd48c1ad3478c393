"""The stages `reference`, `likelihood` and `evaluate`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from components.data.arrays import load_info, load_split
from components.data.subject import load_subject
from components.errors import AlphabarError
from components.evaluation.families import MEASURES
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.images.image_sources import read_alike, read_samples
from components.evaluation.judge import Judge
from components.evaluation.likelihood import BOUND_SEED
from components.evaluation.model_view import ModelView
from components.evaluation.protocol import EvaluationProtocol
from components.evaluation.references import References
from components.figures.figure import Figure, Origins
from components.figures.judgement import Judgement
from components.figures.protocol import NOTHING, Protocol
from components.figures.record import read_judgement, write_judgement, write_summary
from components.figures.statistics.intervals import MINIMUM_IMAGES
from components.figures.statistics.measured import Measured
from components.networks.checkpoint import load_checkpoint
from components.networks.device import resolve_device
from components.runtime import Runtime
from components.spec.metrics import METRICS, families_of
from components.spec.reading import READING, Reading

_FLOOR_SEED = 0  # which training images the floor is taken from


def reference(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """The floor: what real images reach in the place of samples; writes what `evaluate` does.

    Most figures are those of training images, as many as a cell has samples (or all), against
    the holdout. CLIP figures, recognition and those that look for copies are the holdout's own,
    since scorer and classifier have seen the training images.

    Args:
        spec: as `evaluate` has it.
        inputs: ``data``, and ``scorer`` where ``spec["clip"]`` is domain.
    """
    judge = _judge(spec, inputs, runtime, References.of_data(inputs["data"]))
    training, holdout = judge.references.training, judge.references.holdout
    assert training is not None
    assert holdout is not None
    chosen = np.random.default_rng(_FLOOR_SEED).permutation(len(training))[: spec["samples"]]
    if len(chosen) < MINIMUM_IMAGES:
        raise AlphabarError(
            f"{len(chosen)} training images are too few to be measured against the holdout",
            f"give the data at least {MINIMUM_IMAGES} training images",
        )
    families = judge.protocol.families
    seen = judge.only([family for family in families if not METRICS[family].unseen])
    unseen = judge.only([family for family in families if METRICS[family].unseen])
    floor = seen.measure(training.rows(np.sort(chosen)), _FLOOR_SEED)
    floor = floor.beside(unseen.measure(holdout, _FLOOR_SEED))
    write_judgement(out, floor)
    write_summary(out, floor)


def likelihood(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """The variational bound of holdout images under a model; writes metrics.json.

    Args:
        spec: ``confidence``, the interval's level.
        inputs: ``model`` and ``data``.
    """
    model = load_checkpoint(
        inputs["model"], resolve_device(runtime.accelerator), weights=runtime.weights
    )
    split = load_split(inputs["data"], "holdout")
    view = ModelView(model, split, spec["confidence"], runtime.progress)
    figures = {}
    for family in families_of("model"):
        if finding := MEASURES[family](view):
            protocol = Protocol(
                n_generated=finding.n_reference,
                n_reference=finding.n_reference,
                extractor=NOTHING,
                resize=NOTHING,
                reference=finding.against,
                data_hash=load_info(inputs["data"]).data_hash,
                seed=BOUND_SEED,
            )
            figures[family] = Figure(family, Measured(finding.measured.estimate), protocol)
    write_judgement(out, Judgement(figures))


def evaluate(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """All figures of a cell's samples; writes what `write_judgement` and `write_summary` do.

    Args:
        spec: the evaluation section; ``reading`` besides, of captions with a word that only a
            fine-tune knows (`components.spec.reading`).
        inputs: ``samples``, ``scorer`` where ``spec["clip"]`` is domain, ``likelihood`` where the
            model's figures are wanted beside its samples', and ``base``, samples of the model that
            it was tuned from, where it is to be held against those. What they are judged against
            is ``data``; or ``like``, other samples in the place of its held-out images; or
            ``subject``, the few images that a model was tuned on, without any held-out ones.

    Raises:
        AlphabarError: the base's samples are of other seeds or prompts.
    """
    samples, seeds = read_samples(inputs["samples"])
    origins = Origins.of(seeds, samples.classes, samples.captions)
    base = None
    if "base" in inputs:
        base = replace(read_alike(inputs["base"], origins), name="base samples")
    judge = _judge(spec, inputs, runtime, _against(inputs, base))
    judgement = judge.measure(samples, int(seeds.min()))
    judgement = judgement.made_from(origins)
    if "likelihood" in inputs:
        judgement = judgement.beside(read_judgement(inputs["likelihood"]))
    write_judgement(out, judgement)
    write_summary(out, judgement)


def _against(inputs: Mapping[str, Path], base: ImageSet | None) -> References:
    """What `evaluate` judges samples against."""
    if "data" in inputs:
        return replace(References.of_data(inputs["data"]), base=base)
    if "subject" in inputs:
        images = load_subject(inputs["subject"])
        return References(None, ImageSet.bare(images, "the subject's images"), base)
    others, _ = read_samples(inputs["like"])
    real = replace(others, name="other samples of the base", data_hash=others.key)
    return References(real, None, base)


def _judge(
    spec: Mapping[str, Any], inputs: Mapping[str, Path], runtime: Runtime, against: References
) -> Judge:
    device = resolve_device(runtime.accelerator)
    bank = FeatureBank(device, runtime.cache, runtime.progress, runtime.weights)
    section = {name: value for name, value in spec.items() if name != READING}
    reading = Reading.of(spec.get(READING))
    return Judge(EvaluationProtocol.of(section), against, bank, inputs.get("scorer"), reading)
