"""Trained models as the user names them: a directory, or NAME@ALIAS in the registry."""

import re
from pathlib import Path

from components.errors import AlphabarError
from flows.workspace import Workspace

REGISTERED = re.compile(r"^(?:models:/)?([a-z0-9][a-z0-9_-]*)@([\w-]+)$")


def find_model(model: str, workspace: Workspace) -> Path:
    """The directory with the model's model.safetensors.

    Raises:
        AlphabarError: there is no such directory, or no such model in the registry.
    """
    registered = REGISTERED.match(model)
    if registered and not Path(model).exists():
        from components.tracking.connection import connect
        from components.tracking.versions import load_model_dir

        tracker = connect(workspace.tracking_uri, workspace.root)
        return load_model_dir(tracker, registered[1], registered[2])
    path = Path(model)
    if path.is_file():
        path = path.parent
    if not (path / "model.safetensors").is_file():
        raise AlphabarError(
            f"there is no checkpoint at {model}",
            "give the directory of a model.safetensors, such as artifacts/train/<key>, or a "
            "registered model, such as digits@champion",
        )
    return path
