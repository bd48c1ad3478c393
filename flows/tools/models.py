"""Trained models as the user names them, and what an adapter is an adapter of."""

import re
from pathlib import Path

from components.errors import AlphabarError, shortened
from components.files.hub import ABSENT, DOWNLOAD, HUB_ID, find_folder
from components.files.manifest import MANIFEST, read_manifest
from components.spec.model_folder import ADAPTER_FILE
from components.spec.pipelines.folder import is_pipeline
from flows.workspace import Workspace

REGISTERED = re.compile(r"^(?:models:/)?([a-z0-9][a-z0-9_-]*)@([\w-]+)$")


def find_model(model: str, workspace: Workspace, *, adapters: bool = False) -> Path:
    """The directory with the model's model.safetensors, or a diffusers pipeline's.

    Args:
        adapters: whether one with an adapter.safetensors will do.

    Raises:
        AlphabarError: there is no such directory, or no such model in the registry.
    """
    registered = REGISTERED.match(model)
    if registered and not Path(model).exists():
        _refuse_unrecorded(model, workspace)
        from components.tracking.connection import connect
        from components.tracking.versions import load_model_dir

        tracker = connect(workspace.tracking_uri, workspace.root)
        return load_model_dir(tracker, registered[1], registered[2])
    path = Path(model)
    if path.is_file():
        path = path.parent
    if not path.exists():
        path = find_folder(model, workspace.root, workspace.weights) or path
    if not path.exists() and HUB_ID.fullmatch(model):
        raise AlphabarError(
            f"{model} {ABSENT}",
            "give the directory of a model.safetensors, or that of a diffusers pipeline, or "
            f"{DOWNLOAD}",
        )
    if not (holds_model(path) if adapters else _is_whole(path)):
        raise AlphabarError(
            f"there is no checkpoint at {model}",
            "give the directory of a model.safetensors, such as artifacts/train/<key>, that of a "
            "diffusers pipeline (model_index.json), or its hub id where it has been downloaded, or "
            "a registered model, such as digits@champion",
        )
    return path


def _refuse_unrecorded(model: str, workspace: Workspace) -> None:
    """Raise AlphabarError where nothing has been recorded yet: to ask would begin a store."""
    database = workspace.root / "mlruns" / "mlflow.db"
    if workspace.tracking_uri is None and not database.exists():
        raise AlphabarError(
            f"MLflow has no model {model}: {database} does not exist",
            "run an experiment first, which registers its best model",
        )


def find_given(base: str, workspace: Workspace) -> Path:
    """The directory of the model that `finetune.base` names.

    Raises:
        AlphabarError: there is no such model, or it is an adapter of one.
    """
    folder = find_folder(base, workspace.root, workspace.weights)
    if folder and (folder / ADAPTER_FILE).is_file() and not _is_whole(folder):
        raise AlphabarError(
            f"`finetune.base: {shortened(base, 200)}` is an adapter, and no whole model",
            f"bake it in first: alphabar merge {base} --out FOLDER",
        )
    try:
        return find_model(str(folder or base), workspace).absolute()
    except AlphabarError as error:
        said = f"`finetune.base: {shortened(base, 200)}`: {error.what}"
        raise AlphabarError(said, error.remedy) from error


def find_base(directory: Path, workspace: Workspace) -> Path | None:
    """The directory of the model that the one in ``directory`` is an adapter of, which its
    manifest names; None where it is a whole model.

    Raises:
        AlphabarError: the manifest is missing, or that model is not in the store.
    """
    if _is_whole(directory):
        return None
    folder = next((f for f in (directory, directory.parent) if (f / MANIFEST).is_file()), None)
    if folder is None:
        raise AlphabarError(
            f"{directory} holds an adapter without the manifest.json that names its base",
            "give the directory in the store, such as artifacts/finetune/<key>",
        )
    key = read_manifest(folder).get("inputs", {}).get("model")
    for base in sorted(workspace.store_root.glob(f"*/{key}")) if key else ():
        if _is_whole(base):
            return base
    raise AlphabarError(
        f"{directory} is an adapter of a model that is not in {workspace.store_root} ({key})",
        "run the experiment again, which makes it anew, or set ALPHABAR_STORE to the store that "
        "has it",
    )


def holds_model(directory: Path) -> bool:
    """Whether a directory has a model, or an adapter of one."""
    return _is_whole(directory) or (directory / ADAPTER_FILE).is_file()


def _is_whole(directory: Path) -> bool:
    return (directory / "model.safetensors").is_file() or is_pipeline(directory)
