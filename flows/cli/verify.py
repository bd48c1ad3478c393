"""`alphabar verify`: is what was published still what it was?"""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import number_of
from flows.cli.application import Application
from flows.cli.options import Quiet, StoreOption
from flows.telling import tell


def register(app: Application) -> None:
    app.command()(verify)


def verify(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH...]",
            help="Published directories, copies of them, or folders of such (default: the store).",
        ),
    ] = None,
    store: StoreOption = None,
    quiet: Quiet = False,
) -> None:
    """Compare every published file with the size and SHA-256 in its manifest.

    Exits with 2 when a file is damaged, missing, or was put there later. A run looks at sizes
    before it begins, and at a file's digest before it reads it.

    Example: `alphabar verify artifacts/train`
    """
    from components.errors import AlphabarError
    from components.files.manifest import MOVE, UNLISTED
    from components.files.verification import verify as verify_paths
    from flows.console import Work
    from flows.workspace import Workspace

    with Work("verify", quiet=quiet) as progress:
        found = verify_paths(paths or [Workspace.here(store).store_root], progress)
    damaged = [{"path": each.path, "fault": each.fault} for each in found.damage]
    for damage in found.damage:
        tell(f"{damage.path} {damage.fault}", directories=found.directories, damaged=damaged)
    if found.damage:
        raise AlphabarError(
            f"{number_of(len(found.damage), 'file')} of {_directories(found.directories)} "
            f"{'is' if len(found.damage) == 1 else 'are'} not what was published",
            MOVE
            if all(damage.fault == UNLISTED for damage in found.damage)
            else "delete the directories of those named above and run again: they are made anew, "
            "and what was made from them stays (a copy: copy it again)",
        )
    several = found.directories != 1
    says = "are as their manifests say" if several else "is as its manifest says"
    said = f"{_directories(found.directories)} {says}"
    tell(said, directories=found.directories, damaged=damaged)


def _directories(count: int) -> str:
    return f"{count:,} published director{'y' if count == 1 else 'ies'}"
