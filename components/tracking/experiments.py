"""An experiment in MLflow: found or made, refused where it cannot be used, and how it opens."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow.entities import Experiment, LifecycleStage
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.mlflow_tags import MLFLOW_EXPERIMENT_PRIMARY_METRIC_NAME
from mlflow.utils.uri import is_local_uri

from components.errors import AlphabarError
from components.spec.keys import digest
from components.tracking.rows import NOTE

if TYPE_CHECKING:
    from components.tracking.runs import Tracker

KIND, TRAINING = "mlflow.experimentKind", "custom_model_development"
"""Experiment tag, and its value for MLflow's view of model training, instead of that of language
models and their traces. Python has no name for either. MLflow 3.17 asks the switch at the top left
before, which a browser keeps, or `rows.VIEW` in the address."""

OUR_NOTE = "alphabar.note"
"""Experiment tag: digest of the description that alphabar wrote; another one is a person's."""


def experiment_of(tracker: "Tracker", name: str) -> str:
    """The id of the experiment, which is made unless it is there.

    Raises:
        AlphabarError: it was deleted, or its artifacts are out of reach from here.
    """
    experiment = tracker.client.get_experiment_by_name(name)
    if experiment is None:
        with tracker.exclusive():
            experiment = tracker.client.get_experiment_by_name(name)
            if experiment is None:
                root = (tracker.artifacts / name).as_uri() if tracker.artifacts else None
                kind = {KIND: TRAINING}
                return str(tracker.client.create_experiment(name, root, kind))
    _check(tracker, experiment)
    if KIND not in experiment.tags:  # of a version before; what a person chose stays
        tracker.client.set_experiment_tag(experiment.experiment_id, KIND, TRAINING)
    return str(experiment.experiment_id)


def describe_experiment(tracker: "Tracker", experiment_id: str, note: str, metric: str) -> None:
    """Say what the experiment is, in Markdown, and which figure ranks its cells (MLflow's tag for
    it; its charts are in the order of the alphabet all the same). A description that a person has
    written stays as it is."""
    tags = tracker.client.get_experiment(experiment_id).tags
    wanted = {MLFLOW_EXPERIMENT_PRIMARY_METRIC_NAME: metric}
    if not tags.get(NOTE) or tags.get(OUR_NOTE) == digest(tags[NOTE]):
        wanted |= {NOTE: note, OUR_NOTE: digest(note)}
    for tag, value in wanted.items():
        if tags.get(tag) != value:
            tracker.client.set_experiment_tag(experiment_id, tag, value)


def _check(tracker: "Tracker", experiment: Experiment) -> None:
    if experiment.lifecycle_stage == LifecycleStage.DELETED:
        raise AlphabarError(
            f"the experiment {experiment.name} was deleted in MLflow at {tracker.address}",
            f"bring it back with `MLFLOW_TRACKING_URI={shlex.quote(tracker.address)} mlflow "
            f"experiments restore --experiment-id {experiment.experiment_id}`, or give the "
            "experiment another name",
        )
    location = experiment.artifact_location
    if tracker.artifacts is not None and location.startswith("mlflow-artifacts:"):
        raise AlphabarError(
            f"the experiment {experiment.name} keeps its artifacts behind an MLflow server",
            "set MLFLOW_TRACKING_URI to that server, or give the experiment another name",
        )
    if tracker.artifacts is None and is_local_uri(location):
        folder = Path(local_file_uri_to_path(location)).parent
        if not folder.is_dir():
            raise AlphabarError(
                f"the experiment {experiment.name} keeps its artifacts in {folder}, "
                "which this machine does not have",
                "mount that folder, or give the experiment another name",
            )
