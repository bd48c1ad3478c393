"""What a run was made of and by whom, as MLflow's pages show it: data by its DVC hash, the user."""

import getpass
import json

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from mlflow.utils.validation import MAX_DATASET_DIGEST_SIZE, MAX_DATASET_NAME_SIZE


def data_input(name: str, dvc_hash: str, context: str) -> DatasetInput:
    """Raw data as an input of a run.

    Args:
        name: such as ``digits/regular``.
        dvc_hash: as `data.dvc` has it; MLflow's digest.
        context: ``training`` or ``evaluation``.
    """
    dataset = Dataset(
        name[:MAX_DATASET_NAME_SIZE],
        dvc_hash[:MAX_DATASET_DIGEST_SIZE],
        "local",
        json.dumps({"uri": name, "dvc": dvc_hash}),
    )
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, context)])


def user_name() -> str:
    """Who runs this process, as MLflow has it; ``unknown`` for a user without a name."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "unknown"
