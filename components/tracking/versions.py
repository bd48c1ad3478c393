"""Registered versions: found by number or alias, their files, and what is known of them."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mlflow.artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri

from components.errors import AlphabarError
from components.figures.figure import Figure
from components.figures.record import read_judgement
from components.files.manifest import MANIFEST, SEAL, check_listed, read_manifest
from components.spec.model_folder import WEIGHTS, trained_file
from components.spec.recorded_names import unknown_version
from components.tracking.runs import Tracker

CANDIDATE, CHAMPION = "candidate", "champion"
EVALUATION = "evaluation"
"""Folder in the registered model's directory: metrics.json, and pseudo_values.npz if any."""

BASELINE = "baseline"
"""Folder beside it: the same of the baseline that a fine-tune started from, on the same holdout."""

STARTED_FROM = "alphabar.baseline"
"""Version tag of a fine-tune: what that baseline is called."""

SEALED = "alphabar.manifest"
"""Version tag: the seal of the manifest.json in the registered model's directory."""

ANEW = (
    "choose another version; or delete this one and its sweep's run in MLflow, then run "
    "the experiment again: it is recorded and registered anew"
)


def find_version(tracker: Tracker, name: str, alias_or_version: str) -> ModelVersion:
    """The version that is meant.

    Raises:
        AlphabarError: there is no such model, alias or version; those there are named.
    """
    try:
        if alias_or_version.isdecimal():
            return tracker.client.get_model_version(name, alias_or_version)
        return tracker.client.get_model_version_by_alias(name, alias_or_version)
    except MlflowException as error:
        known = registered_versions(tracker)
        raise unknown_version(tracker.address, name, alias_or_version, known) from error


def registered_versions(tracker: Tracker) -> dict[str, list[str]]:
    """Every registered model's name → its aliases and its versions' numbers."""
    with tracker.talking():
        models = {each.name: each.aliases for each in tracker.client.search_registered_models()}
        numbers: dict[str, list[int]] = {name: [] for name in models}
        for version in tracker.client.search_model_versions():
            numbers.setdefault(version.name, []).append(int(version.version))
    return {name: [*sorted(models[name]), *map(str, sorted(numbers[name]))] for name in models}


def load_model_dir(
    tracker: Tracker, name: str, alias_or_version: str, into: Path | None = None
) -> Path:
    """The directory of a registered model: ``model.safetensors``, or an ``adapter.safetensors``
    alone, ``README.md`` and ``evaluation/``; ``guide/model.safetensors`` where it was guided by a
    weaker model, ``baseline/`` of a fine-tune.

    Args:
        alias_or_version: ``candidate``, ``champion`` or a version's number.
        into: an existing folder to download to; without it, local artifacts are used in place
            and others are downloaded to a new temporary folder.

    Raises:
        AlphabarError: there is no such model, alias or version, or its files are gone or damaged.
    """
    version = find_version(tracker, name, alias_or_version)
    try:
        with tracker.talking():
            if into is None and is_local_uri(version.source):
                found = Path(local_file_uri_to_path(version.source))
            else:
                found = _download(tracker, str(version.source), into)
    except (OSError, AlphabarError) as error:
        raise _files_gone(version, error) from error
    weights = found / trained_file(found)
    if not weights.is_file():
        raise _files_gone(version, FileNotFoundError(f"{weights} does not exist"))
    with _damage_named(version):
        _check_seal(version, found)
        check_listed(found)
    return found


def check_files(tracker: Tracker, version: ModelVersion) -> None:
    """Look at every file of a version; raises AlphabarError as `load_model_dir` does."""
    number = str(version.version)
    if is_local_uri(version.source):
        load_model_dir(tracker, version.name, number)
        return
    with tempfile.TemporaryDirectory() as folder:
        load_model_dir(tracker, version.name, number, Path(folder))


def figures_of(tracker: Tracker, version: ModelVersion, of: str = EVALUATION) -> dict[str, Figure]:
    """Every figure of the version by its full name, those of groups as ``NAME/GROUP``.

    Args:
        of: `EVALUATION`, or `BASELINE` for those of what a fine-tune started from.

    Raises:
        AlphabarError: the record is gone or broken.
    """
    with _damage_named(version), _record(tracker, version, of) as folder:
        _check_seal(version, folder.parent)
        return read_judgement(folder).by_name


def weights_of(tracker: Tracker, version: ModelVersion) -> str | None:
    """SHA-256 of a version's model.safetensors, as its manifest has it; None where it has none.

    Raises:
        AlphabarError: the manifest is gone or broken.
    """
    if SEALED not in version.tags:
        return None
    with _damage_named(version), _record(tracker, version, EVALUATION) as folder:
        _check_seal(version, folder.parent)
        entry = read_manifest(folder.parent)["files"].get(WEIGHTS)
        return entry and str(entry["sha256"])


@contextlib.contextmanager
def _record(tracker: Tracker, version: ModelVersion, of: str) -> Iterator[Path]:
    if is_local_uri(version.source):
        yield Path(local_file_uri_to_path(version.source)) / of
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            if SEALED in version.tags:
                _download(tracker, f"{version.source}/{MANIFEST}", Path(folder))
            found = _download(tracker, f"{version.source}/{of}", Path(folder))
        except (OSError, MlflowException) as error:
            raise _files_gone(version, error) from error
        yield found


def _check_seal(version: ModelVersion, directory: Path) -> None:
    """The manifest must be the one that was registered; what it lists can then be relied on."""
    sealed = version.tags.get(SEALED)
    if sealed and read_manifest(directory).get(SEAL) != sealed:
        raise AlphabarError(f"{directory / MANIFEST} is not the one that was registered", "")


@contextlib.contextmanager
def _damage_named(version: ModelVersion) -> Iterator[None]:
    """Say of a damaged file whose it is, and what can be done about a registered one."""
    try:
        yield
    except AlphabarError as error:
        raise AlphabarError(
            f"model {version.name}, version {version.version}, cannot be used: {error.what}",
            ANEW,
        ) from error


def _download(tracker: Tracker, source: str, into: Path | None) -> Path:
    return Path(
        mlflow.artifacts.download_artifacts(
            artifact_uri=source,
            dst_path=str(into) if into else None,
            tracking_uri=tracker.uri,
        )
    )


def _files_gone(version: ModelVersion, error: Exception) -> AlphabarError:
    return AlphabarError(
        f"the files of model {version.name}, version {version.version}, are not there: "
        f"{str(error).splitlines()[0]}",
        ANEW,
    )
