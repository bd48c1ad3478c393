"""Whose images are drawn: what a study's key says of a model, and the folder of its samples too."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.files.manifest import MANIFEST, read_manifest
from components.spec.model_folder import REGISTERED
from components.spec.plan.node import dump
from flows.tools.chosen import Chosen
from flows.workspace import Workspace


def whose(chosen: Chosen, workspace: Workspace) -> dict[str, Any]:
    """Where images drawn from a model come from, as `Key.models` of a study has it."""
    registered = REGISTERED.match(chosen.called)
    version = chosen.version.removeprefix("version ")
    named = f"{registered[1]}@{version}" if registered and version != chosen.version else None
    return {
        "sample": None,
        "model": key_of_model(chosen, workspace),
        "sampling": dump(chosen.sampling),  # as the stage `sample` has it in its spec
        "registered": named,
        "from": chosen.called,
    }


def key_of_model(chosen: Chosen, workspace: Workspace) -> str | None:
    """That of the stage that trained a model; None where nobody knows."""
    registered = REGISTERED.match(chosen.called)
    if registered and not Path(chosen.called).exists():
        from components.spec.record_tags import STAGE_KEY
        from components.tracking.connection import connect
        from components.tracking.versions import find_version

        tracker = connect(workspace.tracking_uri, workspace.root)
        found = find_version(tracker, registered[1], registered[2])
        return found.tags.get(STAGE_KEY)
    return manifest_of(chosen.model).get("key")


def manifest_of(folder: Path) -> Mapping[str, Any]:
    """A folder's manifest; empty where it has none."""
    return read_manifest(folder) if (folder / MANIFEST).is_file() else {}
