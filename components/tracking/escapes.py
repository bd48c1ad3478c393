"""Where MLflow finds no registered models: in folders whose names look like its escapes."""

import re

from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri

_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def loading_fault(artifact_uri: str) -> str | None:
    """What MLflow cannot do with models among the artifacts at ``artifact_uri``, and the remedy.

    `mlflow.pyfunc.load_model` takes the path of a registered model's folder for an address and
    reads `%20` in it as a space (mlflow 3.17, `Model.load`): there is no spelling of the address
    that it finds. Runs and artifacts are not touched by that, nor is what alphabar itself reads.
    """
    folder = local_file_uri_to_path(artifact_uri) if is_local_uri(artifact_uri) else ""
    found = _ESCAPE.search(folder)
    if found is None:
        return None
    return (
        f"in {folder} MLflow reads `{found[0]}` as an escape, so that `mlflow.pyfunc.load_model` "
        "will not find models that are registered here: rename the folder that has it, or load "
        "with dst_path=FOLDER, into another one; everything else works"
    )
