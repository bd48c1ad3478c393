"""The project that a function works in, and its experiments by name."""

import difflib
from pathlib import Path

from alphabar.arguments import path_of
from components.errors import AlphabarError
from components.files.yaml_file import read_yaml
from flows.workspace import Workspace

FOLDERS = ("experiments", ".")


def workspace_at(root: str | Path | None) -> Workspace:
    """That of the folder ``root``; of the current one where that is None."""
    return Workspace.here(root=None if root is None else path_of(root, "root"))


def experiment_called(name: str, workspace: Workspace) -> Path | None:
    """The file of the one experiment of this name; None where there is none, or several."""
    found = [file for called, file in _named(workspace.root) if called == name]
    return found[0] if len(found) == 1 else None


def experiment_file(given: str | Path, workspace: Workspace) -> Path:
    """A file, or that of the experiment of this name in experiments/ or the project's folder.

    Raises:
        AlphabarError: it is a name, and no experiment has it, or several have it.
    """
    path = path_of(given, "experiment file")
    if path.exists() or path.suffix or len(path.parts) > 1:
        return path
    named = list(_named(workspace.root))
    found = [file for name, file in named if name == str(given)]
    if len(found) == 1:
        return found[0]
    if found:
        files = ", ".join(map(str, found))
        raise AlphabarError(f"several experiments are called {given}: {files}", "give the file")
    near = difflib.get_close_matches(str(given), [name for name, _ in named], n=1)
    raise AlphabarError(
        f"no experiment is called {given} in {workspace.root}",
        f"did you mean {near[0]}?" if near else "give the path of an experiment file",
    )


def _named(root: Path) -> list[tuple[str, Path]]:
    """The experiments of a project: name, file."""
    found = []
    for folder in FOLDERS:
        for file in sorted((root / folder).glob("*.y*ml")):
            try:
                values = read_yaml(file, "")
            except AlphabarError:  # no experiment of a name; who gives the file hears why
                continue
            if (
                isinstance(values, dict)
                and "data" in values
                and isinstance(values.get("name"), str)
            ):
                found.append((values["name"], file))
    return found
