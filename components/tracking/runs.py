"""Runs in MLflow, found again by their key: one a sweep, one a model, one a cell."""

import contextlib
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import requests
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE, ErrorCode
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_SOURCE_NAME, MLFLOW_USER

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.lock import locked
from components.spec.record_tags import COMPLETE, KEY, PARENT, SWEEP
from components.tracking.cell_log import log_cell, log_judgement, log_likeness
from components.tracking.experiments import describe_experiment, experiment_of
from components.tracking.fields import flatten, log_fields, tag_texts
from components.tracking.inputs import data_input, user_name
from components.tracking.rows import OF_SWEEP, ROW, Kind
from components.tracking.training_log import log_training

SETTINGS = "experiment.yaml"
"""Run artifact: the whole experiment, or the whole of a row's, the swept values put in."""

SETTINGS_LOGGED = "alphabar.settings_recorded"
"""Run tag: it has its `SETTINGS`."""

_LATER = ErrorCode.Name(TEMPORARILY_UNAVAILABLE)
Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]


class NotRecordedError(AlphabarError):
    """MLflow did not take what was to be written: it can be written later."""


@dataclass(frozen=True)
class Tracker:
    """An MLflow store, and how this project writes to it. Made by `connect`.

    Attributes:
        uri: the store's address, credentials included.
        address: the same for messages.
        artifacts: where new experiments keep their artifacts; None: where the server says.
        lock: the file locked while a run is looked for and made; None for a server.
    """

    client: MlflowClient
    uri: str
    address: str
    artifacts: Path | None
    lock: Path | None
    _threads: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def sweep(
        self,
        experiment_name: str,
        key: str,
        params: Mapping[str, Any],
        tags: Mapping[str, Any],
        *,
        name: str | None = None,
    ) -> str:
        """The id of the sweep's own run, made on the first call with this key.

        Args:
            params: nested or dotted; logged as ``process.schedule`` and the like.
            tags: such as ``alphabar.stage_key``, ``data.dvc_hash``, ``git.commit``; None is
                left out.
            name: what it is called; ``sweep-`` and the start of its key unless given.
        """
        with self.talking():
            experiment_id = experiment_of(self, experiment_name)
            name = name or f"sweep-{key[:8]}"
            row = {ROW: "sweep", OF_SWEEP: name}
            identity = {KEY: key, SWEEP: "true"}
            run = self._find_or_create(experiment_id, name, identity, params, {**row, **tags})
            run_id: str = run.info.run_id
            return run_id

    def log_settings(self, run_id: str, settings: str) -> None:
        """Store a run's whole experiment, YAML, once."""
        with self.talking():
            self._with_settings(self.client.get_run(run_id), settings)

    def child(
        self,
        parent_id: str,
        name: str,
        key: str,
        params: Mapping[str, Any],
        tags: Mapping[str, Any],
        *,
        kind: Kind = "cell",
        start: int | None = None,
        settings: str | None = None,
    ) -> str:
        """The id of the run ``key`` that belongs to ``parent_id``, made on the first call.

        A run that had failed or was killed is running again; its missing params are added.

        Args:
            start: when its work began, milliseconds since 1970; now unless given.
            settings: its whole experiment, as YAML.
        """
        with self.talking():
            parent = self.client.get_run(parent_id)
            row = {ROW: kind, OF_SWEEP: parent.data.tags.get(OF_SWEEP)}
            run = self._find_or_create(
                parent.info.experiment_id,
                name,
                {KEY: key, PARENT: parent_id},
                params,
                {**row, **tags},
                start,
            )
            return self._with_settings(run, settings)

    def experiment_id(self, run_id: str) -> str:
        """The id of the experiment that a run is in."""
        with self.talking():
            return str(self.client.get_run(run_id).info.experiment_id)

    def describe(self, experiment_id: str, note: str, metric: str) -> None:
        """Say what an experiment is: `experiments.describe_experiment`."""
        with self.talking():
            describe_experiment(self, experiment_id, note, metric)

    def used(self, run_id: str, name: str, dvc_hash: str, context: str) -> None:
        """Say which data a run read; the same data twice is said once.

        Args:
            name: such as ``digits/regular``.
            context: what for: ``training`` or ``evaluation``.
        """
        with self.talking():
            self.client.log_inputs(run_id, [data_input(name, dvc_hash, context)])

    def log_training(self, run_id: str, directory: Path) -> None:
        """Log what a train directory holds by now: `training_log.log_training`."""
        with self.talking():
            log_training(self.client, run_id, directory)

    def log_cell(self, run_id: str, sample_dir: Path, evaluate_dir: Path) -> None:
        """Log a sampled and evaluated cell: `cell_log.log_cell`."""
        with self.talking():
            log_cell(self.client, run_id, sample_dir, evaluate_dir)

    def log_judgement(
        self,
        run_id: str,
        directory: Path,
        prefix: str = "",
        families: Collection[str] | None = None,
    ) -> None:
        """Log the figures of a judgement: `cell_log.log_judgement`."""
        with self.talking():
            log_judgement(self.client, run_id, directory, prefix, families)

    def log_likeness(self, run_id: str, directory: Path) -> None:
        """Log how like its subject a fine-tune's images are: `cell_log.log_likeness`."""
        with self.talking():
            log_likeness(self.client, run_id, directory)

    def log_artifacts(self, run_id: str, directory: Path, path: str) -> None:
        """Store all files of ``directory`` under ``path`` in the run, over what is there."""
        with self.talking():
            self.client.log_artifacts(run_id, str(directory), path)

    def tag(self, run_id: str, name: str, value: str) -> None:
        """Set one tag of a run."""
        with self.talking():
            self.client.set_tag(run_id, name, tag_texts({name: value})[name])

    def finish(self, run_id: str, status: Status, end: int | None = None) -> None:
        """Set the run's status, and its end time unless it is RUNNING.

        Args:
            end: when its work ended, milliseconds since 1970; now unless given.
        """
        with self.talking():
            if self.client.get_run(run_id).info.status == status:
                return
            if status == "RUNNING":
                self.client.update_run(run_id, status=status)
            else:
                self.client.set_terminated(run_id, status, end)

    def is_complete(self, run_id: str) -> bool:
        """Whether `mark_complete` was called for the run; one query."""
        with self.talking():
            return _is_complete(self.client.get_run(run_id))

    def mark_complete(self, run_id: str) -> None:
        """Say that everything below the run is recorded, so that it need not be looked at again."""
        with self.talking():
            self.client.set_tag(run_id, COMPLETE, self.client.get_run(run_id).data.tags[KEY])

    @contextlib.contextmanager
    def talking(self) -> Iterator[None]:
        """Turn MLflow's faults into AlphabarErrors that name the store.

        Raises:
            NotRecordedError: the store does not answer, or refuses what is asked, or its artifacts
                cannot be written.
            FullDiskError: there is no space for them.
        """
        try:
            with naming_a_full_disk(self.artifacts or Path.cwd()):
                yield
        except (MlflowException, requests.RequestException) as error:
            if _no_answer(error):
                raise NotRecordedError(
                    f"MLflow at {self.address} does not answer any more",
                    "see that it is up and run again: what is not recorded yet is added",
                ) from error
            text = next(iter(str(error).splitlines()), "no reason given")
            raise NotRecordedError(
                f"MLflow at {self.address} refused: {text}",
                "see that the store is up (`alphabar up`) and writable, and run again: "
                "finished stages are kept",
            ) from error
        except OSError as error:
            raise NotRecordedError(
                f"the artifacts of MLflow at {self.address} cannot be written: {error}",
                "make that folder writable",
            ) from error

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else on this machine finds or creates meanwhile (with a server: no thread)."""
        with self._threads, locked(self.lock) if self.lock else contextlib.nullcontext():
            yield

    def _find_or_create(
        self,
        experiment_id: str,
        name: str,
        identity: Mapping[str, str],
        params: Mapping[str, Any],
        tags: Mapping[str, Any],
        start: int | None = None,
    ) -> Run:
        run = self._find(experiment_id, identity)
        if run is not None and _is_complete(run):
            return run
        texts = tag_texts(tags)
        # what is missing is added alone, too: MLflow refuses a param that two add at once
        with self.exclusive():
            run = self._find(experiment_id, identity)
            if run is None:
                source = {MLFLOW_SOURCE_NAME: "alphabar", MLFLOW_USER: user_name()}
                if "git.commit" in texts:
                    source[MLFLOW_GIT_COMMIT] = texts["git.commit"].removesuffix("-dirty")
                everything = {**source, **texts, **identity}
                run = self.client.create_run(experiment_id, start, everything, name)
            run_id: str = run.info.run_id
            has = run.data.params
            missing = {param: value for param, value in flatten(params).items() if param not in has}
            changed = {tag: text for tag, text in texts.items() if run.data.tags.get(tag) != text}
            log_fields(self.client, run_id, missing, changed)
            if run.info.status in ("FAILED", "KILLED"):
                self.client.update_run(run_id, status="RUNNING")
        return run

    def _with_settings(self, run: Run, settings: str | None) -> str:
        run_id: str = run.info.run_id
        if settings is not None and SETTINGS_LOGGED not in run.data.tags:
            self.client.log_text(run_id, settings, SETTINGS)
            self.client.set_tag(run_id, SETTINGS_LOGGED, "true")
        return run_id

    def _find(self, experiment_id: str, tags: Mapping[str, str]) -> Run | None:
        """The oldest such run, so that everybody agrees should there ever be two."""
        wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        order = ["attributes.start_time ASC", "attributes.run_id ASC"]
        runs = self.client.search_runs([experiment_id], wanted, max_results=1, order_by=order)
        return runs[0] if runs else None


def _no_answer(error: BaseException | None) -> bool:
    """Whether a fault in this chain is of the connection, or of the one who answers."""
    while error is not None:
        if isinstance(error, requests.RequestException):
            return error.response is None or error.response.status_code >= 500
        if isinstance(error, MlflowException) and error.error_code == _LATER:
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_complete(run: Run) -> bool:
    return COMPLETE in run.data.tags and run.data.tags[COMPLETE] == run.data.tags.get(KEY)
