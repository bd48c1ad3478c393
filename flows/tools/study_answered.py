"""Whether people have to do with a study: then it is not exported over."""

import shutil
from pathlib import Path

from components.errors import AlphabarError
from components.files.manifest import MANIFEST, read_manifest

PEOPLES = ("answers", "exclusions.json", "links.json", "served.sqlite", "analysis")
"""What lies in a study's folder once people have to do with it."""


def refuse_answered(folder: Path) -> None:
    """Raise AlphabarError where people have to do with the study in ``folder``."""
    there = [name for name in PEOPLES if (folder / name).exists()]
    if there and not (there == ["answers"] and _only_refused(folder)):
        raise AlphabarError(
            f"the study in {folder} is in people's hands: it has {', '.join(there)}",
            "give another name, or another folder with --out; or move that study away",
        )


def _only_refused(folder: Path) -> bool:
    """Whether all that `study import` left there is the list of what it refused."""
    from components.preference.analysis.written import REFUSED

    answers = folder / "answers"
    return [p for p in answers.rglob("*") if not p.is_dir()] == [answers / REFUSED]


def forget_refused(folder: Path, command: str) -> None:
    """Remove the list of what an import refused, where it took nothing and ``command`` made the
    folder: so that this is as it was made, and can be made again."""
    ours = (folder / MANIFEST).is_file() and read_manifest(folder).get("command") == command
    if ours and _only_refused(folder):
        shutil.rmtree(folder / "answers")
