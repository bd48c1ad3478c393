"""The project that a function works in."""

from pathlib import Path

from flows.workspace import Workspace


def workspace_at(root: str | Path | None) -> Workspace:
    """That of the folder ``root``; of the current one where that is None."""
    return Workspace.here(root=None if root is None else Path(root))
