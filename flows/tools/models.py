"""Trained models as the user names them, and what an adapter is an adapter of."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, shortened
from components.files.hub import ABSENT, DOWNLOAD, HUB_ID, find_folder
from components.files.manifest import MANIFEST, read_manifest
from components.networks.adapter_header import read_adapter
from components.spec.loading import meant
from components.spec.model_folder import ADAPTER_FILE, REGISTERED
from components.spec.near_files import near_path
from components.spec.pipelines.folder import is_pipeline
from components.spec.recorded_names import unknown_version
from flows.run.known_names import known_versions, missing_store, store_address
from flows.workspace import Workspace

KEY = re.compile(r"[0-9a-f]{6,64}")
"""A stage's key, or its beginning."""


def find_model(model: str, workspace: Workspace, *, adapters: bool = False) -> Path:
    """The directory with the model's model.safetensors, or a diffusers pipeline's.

    Args:
        adapters: whether one with an adapter.safetensors will do.

    Raises:
        AlphabarError: there is no such directory, or no such model in the registry, or it is an
            adapter and must be none.
    """
    registered = REGISTERED.match(model)
    if registered and not Path(model).exists():
        refuse_unregistered(model, registered[1], registered[2], workspace)
        from components.tracking.connection import connect
        from components.tracking.versions import load_model_dir

        tracker = connect(workspace.tracking_uri, workspace.root)
        found = load_model_dir(tracker, registered[1], registered[2])
        if not adapters and not _is_whole(found):
            raise _no_whole_model(model, model)
        return found
    path = Path(model)
    if path.is_file():
        path = path.parent
    if not path.exists():
        path = of_key(model, workspace) or path
    if not path.exists():
        path = find_folder(model, workspace.root, workspace.weights) or path
    if not path.exists() and HUB_ID.fullmatch(model):
        raise AlphabarError(
            f"{model} {ABSENT}",
            f"{near_path(path)}give the directory of a model.safetensors, or that of a diffusers "
            f"pipeline, or {DOWNLOAD}",
        )
    if not (holds_model(path) if adapters else _is_whole(path)):
        raise AlphabarError(
            f"there is no checkpoint at {model}",
            f"{meant_model(model, workspace)}give the directory of a model.safetensors, such as "
            "artifacts/train/<key>, or its key, that of a diffusers pipeline (model_index.json), "
            "or its hub id where it has been downloaded, or a registered model, such as "
            "digits@champion",
        )
    return path


def of_key(model: str, workspace: Workspace) -> Path | None:
    """The published directory of a model whose key is, or begins with, ``model``.

    Raises:
        AlphabarError: several begin so.
    """
    if not KEY.fullmatch(model):
        return None
    found = sorted(filter(holds_model, workspace.store_root.glob(f"*/{model}*")))
    if len(found) > 1:
        raise AlphabarError(
            f"the keys of {len(found)} models begin with {model}",
            f"give more of it, such as {found[0].name[: len(model) + 8]}",
        )
    return found[0] if found else None


def meant_model(model: str, workspace: Workspace) -> str:
    """``did you mean …?``: the registered model of that name, or a path like it."""
    near = "" if Path(model).exists() else near_path(Path(model))
    name = model.partition("@")[0]
    if not REGISTERED.match(f"{name}@champion"):
        return near
    known = known_versions(workspace) or {}
    for alias in ("champion", "candidate"):
        if found := meant(name, [n for n, there in known.items() if alias in there], f"@{alias}"):
            return found
    return near


def refuse_unregistered(model: str, name: str, alias: str, workspace: Workspace) -> None:
    """Raise AlphabarError where nothing has been recorded yet, as to ask would begin a store, and
    where MLflow's SQLite file has no such version: that is known before MLflow is imported."""
    known = known_versions(workspace)
    if known is not None and alias not in known.get(name, ()):
        raise unknown_version(store_address(workspace), name, alias, known)
    if database := missing_store(workspace):
        raise AlphabarError(
            f"MLflow has no model {model}: {database} does not exist",
            "run an experiment first, which registers its best model",
        )


def version_of(model: str, directory: Path, workspace: Workspace) -> str:
    """Which model ``directory`` holds: of a registered one ``version N``, else the key of the stage
    that published it; empty where it says neither."""
    registered = REGISTERED.match(model)
    if registered and not Path(model).exists():
        from components.tracking.connection import connect
        from components.tracking.versions import find_version

        tracker = connect(workspace.tracking_uri, workspace.root)
        return f"version {find_version(tracker, registered[1], registered[2]).version}"
    with contextlib.suppress(AlphabarError, OSError):
        return str(read_manifest(directory).get("key", ""))
    return ""


def find_given(base: str, workspace: Workspace) -> Path:
    """The directory of the model that `finetune.base` names.

    Raises:
        AlphabarError: there is no such model, or it is an adapter of one.
    """
    folder = find_folder(base, workspace.root, workspace.weights)
    said = f"`finetune.base: {shortened(base, 200)}`"
    try:
        found = find_model(str(folder or base), workspace, adapters=True).absolute()
    except AlphabarError as error:
        raise AlphabarError(f"{said}: {error.what}", error.remedy) from error
    if not _is_whole(found):
        raise _no_whole_model(said, base)
    return found


def _no_whole_model(said: str, model: str) -> AlphabarError:
    return AlphabarError(
        f"{said} is an adapter, and no whole model",
        f"bake it in first: alphabar merge {model} --out FOLDER",
    )


def find_base(directory: Path, workspace: Workspace, called: str | None = None) -> Path | None:
    """The directory of the model that the one in ``directory`` is an adapter of; None where it is
    a whole model.

    The manifest names it: by its key, for the store; and of a registered adapter by the version
    that it is and by `finetune.base`, which are looked for in this order. It must have the weights
    that the adapter was trained on.

    Args:
        called: what the adapter is called in messages; its directory unless given.

    Raises:
        AlphabarError: the manifest is missing, that model is nowhere, or is another one by now.
    """
    if _is_whole(directory):
        return None
    name = called or str(directory)
    folder = next((f for f in (directory, directory.parent) if (f / MANIFEST).is_file()), None)
    if folder is None:
        raise AlphabarError(
            f"{name} holds an adapter without the manifest.json that names its base",
            "give the directory in the store, such as artifacts/finetune/<key>",
        )
    adapter, _ = read_adapter(directory / ADAPTER_FILE)
    manifest, others = read_manifest(folder), list[Path]()
    for base in _bases(manifest, workspace):
        if adapter.fits(base):
            return base
        others.append(base)
    key, elsewhere = manifest.get("inputs", {}).get("model"), manifest.get("base", {})
    if others:
        raise AlphabarError(
            f"{name} is an adapter of another model than the one in {others[0]}: that has other "
            f"weights than its base, {key}, had",
            "put back the model that it was trained on, or run the experiment again",
        )
    looked = "".join(f", nor to be had as {place}" for place in elsewhere.values())
    raise AlphabarError(
        f"{name} is an adapter of a model that is not in {workspace.store_root} ({key}){looked}",
        "run the experiment again, which makes it anew, or set ALPHABAR_STORE to the store that "
        "has it",
    )


def _bases(manifest: Mapping[str, Any], workspace: Workspace) -> Iterator[Path]:
    """Where the base of an adapter with this manifest may lie; what is not there is left out."""
    key, elsewhere = manifest.get("inputs", {}).get("model"), manifest.get("base", {})
    yield from filter(_is_whole, sorted(workspace.store_root.glob(f"*/{key}")) if key else ())
    for name in filter(None, map(elsewhere.get, ("registered", "given"))):
        with contextlib.suppress(AlphabarError):
            yield find_given(name, workspace)


def holds_model(directory: Path) -> bool:
    """Whether a directory has a model, or an adapter of one."""
    return _is_whole(directory) or (directory / ADAPTER_FILE).is_file()


def _is_whole(directory: Path) -> bool:
    return (directory / "model.safetensors").is_file() or is_pipeline(directory)
