"""A user's images: checked, copied, and put under DVC."""

import subprocess
import sys
from pathlib import Path

from components.data.add import Added, add_folder, pin_of
from components.errors import AlphabarError
from components.files.leftovers import remove
from components.runtime import Progress


def add_data(
    directory: Path,
    name: str,
    root: Path,
    caption_column: str | None,
    label_column: str,
    progress: Progress,
) -> Added:
    """Copy ``directory`` to ``<root>/datasets/<name>`` and ``dvc add`` it; all or nothing.

    Raises:
        AlphabarError: an image or the metadata is at fault, or ``root`` is not under DVC.
    """
    if not (root / ".dvc").is_dir():
        raise AlphabarError(
            f"{root} is not under DVC, so nothing can be pinned there",
            "work in a clone of the project, or run `git init && dvc init` first",
        )
    added = add_folder(
        directory,
        name,
        root,
        caption_column=caption_column,
        label_column=label_column,
        progress=progress,
    )
    try:
        _pin(added.folder, root)
    except BaseException:
        remove(added.folder, pin_of(added.folder))
        raise
    return added


def _pin(folder: Path, root: Path) -> None:
    command = [sys.executable, "-m", "dvc", "add", "--quiet", str(folder)]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise AlphabarError(
            f"`dvc add {folder}` failed: {last}", "mend that and add the folder again"
        )
