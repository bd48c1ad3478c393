"""Which file was meant, where there is none of that name: others of its kind nearby."""

import difflib
import re
from pathlib import Path

from components.errors import first_of

EXPERIMENT_KEYS = ("data", "name")
GATE_KEYS = ("metrics", "preference")
FOLDER = Path("experiments")
DVC = "dvc.yaml"  # which has `metrics`, as a gate file has
SUFFIXES = (".yaml", ".yml")
MOST_LOOKED_AT = 200


def near_files(path: Path, marks: tuple[str, ...]) -> str:
    """The remedy for a file that there is not: the nearest of its kind, else all of them.

    They are looked for beside ``path``, in the project's folder and in experiments/.

    Args:
        marks: top-level keys, one of which a file of that kind has.
    """
    places = dict.fromkeys([path if path.is_dir() else path.parent, Path(), FOLDER])
    found = [f for place in places for f in _of_kind(place, marks) if f != path]
    by_name = {file.stem: file for file in reversed(found)}
    meant = path.stem if path.suffix in SUFFIXES else path.name
    close = difflib.get_close_matches(meant, by_name, n=1)
    if close and not path.is_dir():
        return f"did you mean {by_name[close[0]]}?"
    if not found:
        return "give the path of a file that there is"
    return f"give one that there is: {first_of([str(file) for file in found])}"


def start_from(path: Path, marks: tuple[str, ...]) -> str:
    """The remedy for a file that there is, and that holds nothing of its kind: one to begin with.

    Args:
        marks: as in `near_files`.
    """
    found = [file for place in (FOLDER, Path()) for file in _of_kind(place, marks) if file != path]
    keys = "keys such as " + " and ".join(f"`{mark}`" for mark in marks)
    return f"write {keys} into it; start from {found[0]}" if found else f"write {keys} into it"


def _of_kind(folder: Path, marks: tuple[str, ...]) -> list[Path]:
    key = re.compile(rf"^({'|'.join(marks)})\s*:", re.MULTILINE)
    try:
        files = sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES and p.is_file())
        some = [file for file in files if file.name != DVC][:MOST_LOOKED_AT]
        return [file for file in some if key.search(_beginning(file))]
    except OSError:
        return []  # a folder that is not there, or may not be looked into


def _beginning(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as text:
        return text.read(2**16)
