"""The stage `scorer`: trains the domain CLIP and says how good it is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.data.arrays import Split, load_info, load_split
from components.errors import AlphabarError
from components.evaluation.contrastive import Pairs, train_projections
from components.evaluation.domain_clip import NAME, ClipConfig, DomainClip, distinct_captions
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.families import MEASURES
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.features.feature_store import Values
from components.evaluation.scorer_view import ScorerView
from components.figures.figure import Figure
from components.figures.judgement import Judgement
from components.figures.protocol import Protocol
from components.figures.record import write_judgement
from components.figures.statistics.measured import Measured
from components.meter import Meter
from components.networks.device import resolve_device
from components.runtime import Runtime
from components.spec.metrics import families_of
from components.spec.sections.evaluation import ScorerSpec

RESUME_FILE = "scorer.ckpt"
_CONFIDENCE = 0.95


def scorer(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Train on the training splits of ``data`` and, where given, ``data:<role>`` together.

    Writes scorer.safetensors and metrics.json: per style, the share of held-out images whose own
    caption is nearest among the distinct ones (among 100, where there are more). A killed one goes
    on from what ``runtime.scratch`` and the features' cache hold.

    Raises:
        AlphabarError: the data has no captions, or all are the same.
    """
    settings = ScorerSpec.model_validate(spec)
    folders = [inputs[role] for role in sorted(inputs) if role.partition(":")[0] == "data"]
    device = resolve_device(runtime.accelerator)
    bank = FeatureBank(device, runtime.cache, runtime.progress)
    clip = DomainClip(ClipConfig(settings.embed_dim, settings.size), device)
    splits = [_captioned(folder) for folder in folders]
    features = [_features(bank, split, settings) for split in splits]
    captions, caption_of = distinct_captions([c for split in splits for c in split.captions])
    if len(captions) < 2:
        raise AlphabarError(
            f"all captions of {folders[0]} are the same, so that a scorer has nothing to learn",
            "set `evaluation.clip: none`, or give captions that tell images apart",
        )
    pairs = Pairs(np.concatenate(features), clip.caption_features(captions), caption_of)
    resume = runtime.scratch / RESUME_FILE if runtime.scratch else None
    meter = Meter("cpu")
    trained = train_projections(pairs, settings, runtime.progress, resume, runtime.clock, meter)
    runtime.costs.update(meter.costs())
    clip.load_trained(trained)
    figures: dict[str, Figure] = {}
    for folder in folders:
        info, holdout = load_info(folder), load_split(folder, "holdout")
        seen, style = _features(bank, holdout, settings), str(info.style or info.name)
        view = ScorerView.of(clip, seen, holdout.captions, style, settings.seed, _CONFIDENCE)
        engine = bank.extractor(EfficientNetLite0.name, settings.size).engine
        figures |= _measured(view, clip.resize, info.data_hash, engine)
    clip.save(out)
    write_judgement(out, Judgement(figures))


def _captioned(folder: Path) -> Split:
    split = load_split(folder, "train")
    if bare := _without(split.captions):
        raise AlphabarError(
            f"{bare} of {len(split.captions)} training images of {folder} have no caption",
            "set `evaluation.clip: none`, or give `data.caption_column` and captions in it",
        )
    return split


def _without(captions: Sequence[str]) -> int:
    return sum(not caption.strip() for caption in captions)


def _features(bank: FeatureBank, split: Split, settings: ScorerSpec) -> Values:
    return bank.features(split.images, EfficientNetLite0.name, settings.size).values


def _measured(view: ScorerView, resize: str, data_hash: str, engine: str) -> dict[str, Figure]:
    """The figures of all families that the training of a scorer judges, by name."""
    figures = {}
    for family in families_of(view.kind):
        finding = MEASURES[family](view)
        if finding is None:
            continue
        name = f"{family}_{view.judge}"
        protocol = Protocol(
            n_generated=len(view.images),
            n_reference=finding.n_reference,
            extractor=NAME,
            resize=resize,
            reference=finding.against,
            data_hash=data_hash,
            seed=view.seed,
            chance=finding.chance,
            engine=engine,
        )
        figures[name] = Figure(name, Measured(finding.measured.estimate), protocol)
    return figures
