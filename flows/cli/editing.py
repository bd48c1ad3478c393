"""What the editing commands share: from their options to an edit, and what is told of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError
from components.spec.near_files import near_path
from flows.telling import tell

if TYPE_CHECKING:
    from flows.tools.editing import Edit
    from flows.tools.sampling import Manner, Request


@contextmanager
def editing(
    manner: "Manner", request: "Request", out: Path, *files: Path, quiet: bool
) -> "Iterator[Edit]":
    """An edit of the model and the settings that are asked for, with its progress shown.

    Args:
        files: the images that it is of; one that is not there is refused before anything is loaded.
    """
    from components.files.new_folder import refuse_taken
    from flows.console import Work
    from flows.tools.editing import Edit
    from flows.tools.sampling import choose
    from flows.workspace import Workspace

    workspace = Workspace.here()
    refuse_taken(out, workspace.store_root)  # before the work, not after it
    for file in files:
        _refuse_missing(file)
    with Work(manner.command, quiet=quiet) as progress:
        progress(0, 1, "looking for the model")
        chosen = choose(manner, request, workspace)
        chosen.refuse_unknown(request.prompts)
        progress(0, 1, "loading the model")
        edit = Edit(chosen, out, request.prompts, workspace, progress)
        yield edit
    tell(chosen.words(), **chosen.content())
    for line in edit.notes:
        tell(line, notes=edit.notes)


def _refuse_missing(file: Path) -> None:
    if not file.is_file():
        remedy = f"{near_path(file)}give the path of an image file"
        raise AlphabarError(f"there is no image {file}", remedy)


def tell_results(said: Sequence[str], result: str, out: Path) -> None:
    """Say what is known of the images, and where the results and their picture are."""
    from flows.tools.editing import PICTURE

    for line in said:
        tell(line, results=said)
    tell(f"{result} {out / PICTURE}", out=out, picture=out / PICTURE)
