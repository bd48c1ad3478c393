"""Where a study lies: by its name in reports/studies/, or by its folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError, first_of
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.preference.analysis.opened import Study

KEPT = "studies"


def study_folder(name: str, workspace: Workspace) -> Path:
    """The folder of a study.

    Args:
        name: as in reports/studies/, or the path of a folder.

    Raises:
        AlphabarError: there is no such study; those there are named.
    """
    home = workspace.root / "reports" / KEPT
    plain = Path(name).name == name and name not in ("", ".", "..")
    for place in ([home / name] if plain else []) + [workspace.root / name]:
        if place.is_dir():
            return place
    known = sorted(path.name for path in home.glob("*") if path.is_dir())
    raise AlphabarError(
        f"there is no study {name}",
        f"give one of reports/{KEPT}/ ({first_of(known) or 'which has none'}), or a study's folder",
    )


def find_study(name: str, workspace: Workspace) -> "Study":
    """A study with its key; raises AlphabarError where there is none or it is broken."""
    from components.preference.analysis.opened import open_study

    return open_study(study_folder(name, workspace))
