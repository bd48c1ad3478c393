"""Registration: a model, how good it is, and the gate's first word on it, once a key."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

from components.errors import AlphabarError
from components.figures.figure import Figure
from components.figures.judgement import Judgement
from components.figures.record import PSEUDO_VALUES, RECORD, read_judgement
from components.files.manifest import MANIFEST, SEAL, intact, listed, seal, there
from components.licences import LICENCES, licence_record
from components.spec.gate import Gate, better_by
from components.spec.keys import digest
from components.spec.licences import Licensed
from components.spec.model_folder import GUIDE, SAMPLING, WEIGHTS, codec_files, trained_file
from components.spec.record_tags import KEY, SAMPLED_WITH
from components.tracking.decision_log import REASON
from components.tracking.fields import protocol_texts, shown, tag_texts
from components.tracking.model_card import config_of, described_by, model_card
from components.tracking.packaged import package_files
from components.tracking.promotion import PROMOTED, ROLLED_BACK, judge_registered, settle
from components.tracking.runs import Tracker
from components.tracking.versions import (
    BASELINE,
    CANDIDATE,
    CHAMPION,
    EVALUATION,
    SEALED,
    STARTED_FROM,
)

FOLDER = "model"
"""Run artifact: the registered model's directory."""


@dataclass(frozen=True)
class StartedFrom:
    """What a fine-tuned model started from.

    Attributes:
        baseline: what it is called among the cells.
        evaluation: its figures, on the holdout that the fine-tuned model is judged against.
        key: its model's in the store.
        given: `finetune.base`, where it was there already.
        registered: the version that it is, as ``digits@3``; None where it is none.
    """

    baseline: str
    evaluation: Path
    key: str
    given: str | None = None
    registered: str | None = None

    @property
    def tags(self) -> dict[str, str | None]:
        """The lineage, as tags of the version."""
        return {
            STARTED_FROM: self.baseline,
            "base.key": self.key,
            "base.given": self.given,
            "base.registered": self.registered,
        }

    @property
    def noted(self) -> dict[str, Any]:
        """What the manifest says of it, by which the base of an adapter is found again."""
        said = {"given": self.given, "registered": self.registered}
        found = {name: value for name, value in said.items() if value is not None}
        return {"inputs": {"model": self.key}, "base": found}


@dataclass(frozen=True)
class Submitted:
    """What is registered.

    Attributes:
        weights: the directory of a model.safetensors, or of an adapter.safetensors alone.
        evaluation: the directory of a metrics.json, and pseudo_values.npz where there is one.
        metric: the figure that stands for the model, and decides unless ``gate`` says more.
        sampling: the settings that the figures were measured with.
        tags: where it comes from; None is left out.
        guide: the directory of the weaker model of ``sampling.guide: weaker``.
        gate: what it must show to become champion; None: a better ``metric``.
        licences: of what it was trained on.
        started_from: of a fine-tuned model, which is held against it while there is no champion.
        training: the directory of what trained it, where ``weights`` is another one: of a
            checkpoint, or of an average that was rebuilt.
    """

    weights: Path
    evaluation: Path
    metric: str
    sampling: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    guide: Path | None = None
    gate: Gate | None = None
    licences: Sequence[Licensed] = ()
    started_from: StartedFrom | None = None
    training: Path | None = None

    @property
    def every_tag(self) -> dict[str, Any]:
        """Its tags and those of its base."""
        return {**self.tags, **(self.started_from.tags if self.started_from else {})}


@dataclass(frozen=True)
class Registered:
    """A registered version, what it is now, and what the gate decided about it.

    Attributes:
        version: its number, as MLflow writes it.
        aliases: those that it has, in alphabetical order; none when later versions have them.
        reason: why the latest decision made it champion, or why not.
    """

    version: str
    aliases: tuple[str, ...]
    reason: str

    @property
    def champion(self) -> bool:
        """Whether it is champion."""
        return CHAMPION in self.aliases


def register(
    tracker: Tracker, model_name: str, run_id: str, key: str, model: Submitted
) -> Registered:
    """Register ``model`` under ``model_name``, once a key.

    The weights, the whole evaluation, that of its baseline, the sampling settings, the guide and a
    README.md become artifacts of ``run_id`` under ``model/``; the version gets the alias
    ``candidate``, and ``champion`` when the gate lets it. A second call with the same key returns
    the latest decision and what the version is by then; after a kill in between it completes the
    registration.

    Raises:
        AlphabarError: weights or evaluation are missing or broken, the figure is not among
            those measured, nobody knows its good side, or MLflow refuses.
    """
    judgement = read_judgement(model.evaluation)
    measured = _figure(judgement, model)
    gate = model.gate or better_by(model.metric)
    card = model_card(
        model_name,
        model.weights / trained_file(model.weights),
        judgement.figures,
        measured,
        model.sampling,
        model.every_tag,
        model.licences,
        model.training,
    )
    with tracker.talking(), tracker.exclusive():
        version = _find(tracker, model_name, key)
        if version is None:
            files = _log_files(tracker, run_id, model, card)
            described = _figure_tags(measured) | tag_texts(model.every_tag)
            sampled_with = digest(dict(model.sampling))
            identity = {KEY: key, SAMPLED_WITH: sampled_with} | files
            about = described_by(card, f"{measured.metric} {shown(measured)}")
            version = _create(tracker, model_name, run_id, described | identity, about)
        number = str(version.version)
        rolled_back = version.tags.get(ROLLED_BACK)
        reason = f"rolled back {rolled_back}" if rolled_back else version.tags.get(REASON, "")
        if PROMOTED not in version.tags:
            tracker.client.set_registered_model_alias(model_name, CANDIDATE, number)
            case = judge_registered(tracker, version, gate)
            settle(tracker, version, case)
            reason = case.decision.reason
        return Registered(number, _aliases(tracker, model_name, number), reason)


def _aliases(tracker: Tracker, name: str, number: str) -> tuple[str, ...]:
    present = tracker.client.get_registered_model(name).aliases
    return tuple(sorted(alias for alias, of in present.items() if str(of) == number))


def _figure(judgement: Judgement, model: Submitted) -> Figure:
    if model.metric not in judgement.figures:
        raise AlphabarError(
            f"{model.evaluation} has no figure {model.metric} to register a model by",
            f"choose from {', '.join(judgement.figures)}",
        )
    return judgement.figures[model.metric]


def _log_files(tracker: Tracker, run_id: str, model: Submitted, card: str) -> dict[str, str]:
    """Store the registered model's directory with its manifest; the tags that tell of them."""
    trained, start = trained_file(model.weights), model.started_from
    files: dict[str, Path | str] = {
        trained: intact(model.weights / trained),
        **_measured(EVALUATION, model.evaluation),
        **(_measured(BASELINE, start.evaluation) if start else {}),
        SAMPLING: json.dumps(dict(model.sampling), indent=1, sort_keys=True) + "\n",
        LICENCES: json.dumps(licence_record(model.licences), indent=1, ensure_ascii=False) + "\n",
        "README.md": card,
    }
    files |= {name: intact(path) for name, path in codec_files(model.weights).items()}
    if model.guide is not None:
        files[f"{GUIDE}/{WEIGHTS}"] = intact(model.guide / WEIGHTS)
        of_guide = codec_files(model.guide)
        files |= {f"{GUIDE}/{name}": intact(path) for name, path in of_guide.items()}
    files |= package_files(
        config_of(model.weights / trained), run_id, FOLDER, start.registered if start else None
    )
    manifest: dict[str, Any] = {"files": listed(files), **(start.noted if start else {})}
    manifest[SEAL] = seal(manifest)
    files[MANIFEST] = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    for name, content in files.items():
        place = f"{FOLDER}/{name}"
        if isinstance(content, Path):
            tracker.client.log_artifact(run_id, str(content), place.rpartition("/")[0])
        else:
            tracker.client.log_text(run_id, content, place)
    return {SEALED: manifest[SEAL]}


def _measured(folder: str, evaluation: Path) -> dict[str, Path]:
    """The files of an evaluation, by their names in the registered directory."""
    found = [name for name in (RECORD, PSEUDO_VALUES) if there(evaluation / name)]
    return {f"{folder}/{name}": evaluation / name for name in found}


def _find(tracker: Tracker, name: str, key: str) -> ModelVersion | None:
    versions = tracker.client.search_model_versions(f"name='{name}' and tags.`{KEY}`='{key}'")
    return min(versions, key=lambda version: int(version.version), default=None)


def _create(
    tracker: Tracker, name: str, run_id: str, tags: dict[str, str], description: str
) -> ModelVersion:
    try:
        tracker.client.create_registered_model(name, description="Registered by alphabar.")
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    # the artifacts' own address: MLflow's server refuses a local source outside of its run
    source = f"{tracker.client.get_run(run_id).info.artifact_uri.rstrip('/')}/{FOLDER}"
    return tracker.client.create_model_version(
        name, source, run_id=run_id, tags=tags, description=description
    )


def _figure_tags(measured: Figure) -> dict[str, str]:
    tags = {f"protocol.{part}": value for part, value in protocol_texts(measured).items()}
    for name in ("metric", "value", "low", "high"):
        tags[f"figure.{name}"] = str(getattr(measured, name))
    return tags
