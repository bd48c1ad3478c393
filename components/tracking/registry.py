"""The model registry: versions made once a key, and the aliases `candidate` and `champion`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri

from components.errors import AlphabarError
from components.tracking.fields import tag_texts
from components.tracking.gate import Decision, Figure, decide, figure
from components.tracking.model_card import model_card
from components.tracking.runs import KEY, Tracker

FOLDER = "model"
"""Run artifact: the registered model's directory."""

WEIGHTS = "model.safetensors"
CANDIDATE, CHAMPION = "candidate", "champion"
PROMOTED, REASON, AGAINST = "gate.promoted", "gate.reason", "gate.champion_before"


@dataclass(frozen=True)
class Registered:
    """A registered version, and what the gate decided when it was registered.

    Attributes:
        version: its number, as MLflow writes it.
        champion: whether it became champion then.
        reason: why, or why not.
    """

    version: str
    champion: bool
    reason: str


def register(
    tracker: Tracker,
    model_name: str,
    train_dir: Path,
    run_id: str,
    key: str,
    metric: Mapping[str, Any],
    tags: Mapping[str, Any],
    sampling: Mapping[str, Any] | None = None,
) -> Registered:
    """Register ``train_dir``'s model under ``model_name``, once a key.

    The weights and a README.md become artifacts of ``run_id`` under ``model/``; the version
    gets the alias ``candidate``, and ``champion`` when `gate.decide` says so. The figure and
    the decision are tags of the version. A second call with the same key returns the first
    decision; after a kill in between it completes the registration.

    Args:
        metric: evaluate's record of one metric, and the metric's name as ``metric``.
        sampling: the settings that the figure was measured with, for the README.md.

    Raises:
        AlphabarError: the weights are missing or broken, the figure is incomplete, or MLflow
            refuses.
    """
    measured = figure(metric)
    weights = train_dir / WEIGHTS
    card = model_card(model_name, weights, measured, sampling or {}, tags)
    with tracker.talking(), tracker.exclusive():
        version = _find(tracker, model_name, key)
        if version is None:
            tracker.client.log_artifact(run_id, str(weights), FOLDER)
            tracker.client.log_text(run_id, card, f"{FOLDER}/README.md")
            described = _figure_tags(measured) | tag_texts(tags) | {KEY: key}
            version = _create(tracker, model_name, run_id, described, str(measured))
        number = str(version.version)
        if PROMOTED in version.tags:
            return Registered(number, version.tags[PROMOTED] == "true", version.tags[REASON])
        tracker.client.set_registered_model_alias(model_name, CANDIDATE, number)
        decision = _gate(tracker, model_name, number, measured)
        return Registered(number, decision.promote, decision.reason)


def load_model_dir(
    tracker: Tracker, name: str, alias_or_version: str, into: Path | None = None
) -> Path:
    """The directory of a registered model: ``model.safetensors`` and ``README.md``.

    Args:
        alias_or_version: ``candidate``, ``champion`` or a version's number.
        into: an existing folder to download to; without it, local artifacts are used in place
            and others are downloaded to a new temporary folder.

    Raises:
        AlphabarError: there is no such model, alias or version, or its files are gone.
    """
    client = tracker.client
    try:
        if alias_or_version.isdigit():
            version = client.get_model_version(name, alias_or_version)
        else:
            version = client.get_model_version_by_alias(name, alias_or_version)
    except MlflowException as error:
        raise AlphabarError(
            f"MLflow at {tracker.address} has no model {name}@{alias_or_version}",
            _known(tracker, name),
        ) from error
    try:
        with tracker.talking():
            if into is None and is_local_uri(version.source):
                found = Path(local_file_uri_to_path(version.source))
            else:
                found = Path(
                    mlflow.artifacts.download_artifacts(
                        artifact_uri=version.source,
                        dst_path=str(into) if into else None,
                        tracking_uri=tracker.uri,
                    )
                )
    except (OSError, AlphabarError) as error:
        raise _files_gone(name, version, error) from error
    if not (found / WEIGHTS).is_file():
        raise _files_gone(name, version, FileNotFoundError(f"{found / WEIGHTS} does not exist"))
    return found


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


def _gate(tracker: Tracker, name: str, version: str, measured: Figure) -> Decision:
    client = tracker.client
    present = client.get_registered_model(name).aliases.get(CHAMPION)
    if present is not None and str(present) == version:
        decision = Decision(True, "it was made champion before")  # killed before the tags were set
    else:
        champion = client.get_model_version(name, str(present)) if present else None
        decision = decide(measured, _recorded_figure(champion) if champion else None)
    if decision.promote:
        client.set_registered_model_alias(name, CHAMPION, version)
    client.set_model_version_tag(name, version, REASON, decision.reason)
    client.set_model_version_tag(name, version, AGAINST, str(present or "none"))
    client.set_model_version_tag(name, version, PROMOTED, str(decision.promote).lower())
    return decision


def _figure_tags(measured: Figure) -> dict[str, str]:
    tags = {f"protocol.{name}": value for name, value in measured.protocol.items()}
    for name in ("metric", "value", "low", "high"):
        tags[f"figure.{name}"] = str(getattr(measured, name))
    return tags


def _recorded_figure(version: ModelVersion) -> Figure:
    """The figure that the version was registered with; one that compares with none when absent."""
    tags = version.tags
    protocol = {
        name.removeprefix("protocol."): value
        for name, value in tags.items()
        if name.startswith("protocol.")
    }
    nan = "nan"
    value, low, high = (float(tags.get(f"figure.{name}", nan)) for name in ("value", "low", "high"))
    return Figure(tags.get("figure.metric", "nothing known"), value, low, high, protocol)


def _known(tracker: Tracker, name: str) -> str:
    with tracker.talking():
        models = {model.name: model for model in tracker.client.search_registered_models()}
        if name not in models:
            return f"models there: {', '.join(sorted(models)) or 'none'}"
        versions = tracker.client.search_model_versions(f"name='{name}'")
    numbers = sorted((str(version.version) for version in versions), key=int)
    return f"choose from {', '.join([*sorted(models[name].aliases), *numbers])}"


def _files_gone(name: str, version: ModelVersion, error: Exception) -> AlphabarError:
    return AlphabarError(
        f"the files of model {name}, version {version.version}, are not there: "
        f"{str(error).splitlines()[0]}",
        "run the experiment again, or choose another version",
    )
