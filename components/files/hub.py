"""Folders of models by name: a path, or a hub's id that has been downloaded before. Nothing is
downloaded here."""

import re
from pathlib import Path

from components.files.weights_folders import weights_folders

ABSENT = "is no folder, nor an id that was downloaded"
DOWNLOAD = "run `hf download ID` first"
"""What is said of a name that is neither, and what helps."""

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(/[\w.-]+)*")


def places_of(name: str, root: Path, weights: Path | None = None) -> list[Path]:
    """Where the folder called ``name`` is looked for before the hub's own cache."""
    return list(dict.fromkeys(folder / name for folder in (*weights_folders(weights), root)))


def find_folder(name: str, root: Path, weights: Path | None = None) -> Path | None:
    """The folder called ``name``; None where there is none.

    Args:
        root: where a relative path begins.
        weights: the folder that is looked through first.
    """
    places = places_of(name, root, weights)
    return next((place for place in places if place.is_dir()), None) or _in_hub_cache(name)


def _in_hub_cache(name: str) -> Path | None:
    """The folder of an id, or of a folder within one, that was downloaded before."""
    if not HUB_ID.fullmatch(name) or ".." in name.split("/"):
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    owner, repository, *inside = name.split("/")
    try:
        found = snapshot_download(f"{owner}/{repository}", local_files_only=True)
    except (HFValidationError, LocalEntryNotFoundError):
        return None
    folder = Path(found, *inside)
    return folder if folder.is_dir() else None
