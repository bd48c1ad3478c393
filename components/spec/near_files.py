"""Which file was meant, where there is none of that name: others of its kind nearby."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

from components.errors import first_of

EXPERIMENT_KEYS = ("data", "name")
GATE_KEYS = ("metrics", "preference")
DVC_KEYS = ("stages",)
MARKED = {
    DVC_KEYS: "a pipeline of DVC",
    EXPERIMENT_KEYS: "an experiment file",
    GATE_KEYS: "a gate file",
}
"""The keys by which a kind of file is known → what it is; the first kind is looked for first."""
FOLDER = Path("experiments")
DVC = "dvc.yaml"  # which has `metrics`, as a gate file has
SUFFIXES = (".yaml", ".yml")
MOST_LOOKED_AT = 200
MOST_NAMES = 10_000


def near_files(path: Path, marks: tuple[str, ...]) -> str:
    """The remedy for a file that there is not: the nearest of its kind, else all of them.

    They are looked for beside ``path``, in the project's folder and in experiments/.

    Args:
        marks: top-level keys, one of which a file of that kind has.
    """
    places = dict.fromkeys([path if path.is_dir() else path.parent, Path(), FOLDER])
    found = [f for place in places for f in _of_kind(place, marks) if f != path]
    found = list({file.resolve(): file for file in reversed(found)}.values())[::-1]
    by_name = {file.stem: file for file in reversed(found)}
    meant = path.stem if path.suffix in SUFFIXES else path.name
    close = difflib.get_close_matches(meant, by_name, n=1)
    if close and not path.is_dir():
        return f"did you mean {by_name[close[0]]}?"
    if not found:
        return "give the path of a file that there is"
    return f"give one that there is: {first_of([str(file) for file in found])}"


def kind_of(values: Mapping[str, object]) -> tuple[str, ...]:
    """The marks of the kind of file that has these keys; empty where it is of no kind."""
    return next((marks for marks in MARKED if values.keys() & set(marks)), ())


def near_path(path: Path) -> str:
    """``did you mean …?`` with a path that there is, whose parts are like those of ``path``; empty
    where there is none."""
    found, changed = Path(path.anchor), False
    for part in path.parts[1:] if path.anchor else path.parts:
        if (found / part).exists():
            found /= part
            continue
        alike = [n for n in _names_in(found) if Path(n).suffix == Path(part).suffix]
        near = difflib.get_close_matches(part, alike, n=1)
        if not near:
            break
        found, changed = found / near[0], True
    return f"did you mean {found}? " if changed else ""


def _names_in(folder: Path) -> list[str]:
    try:
        names = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
        return names[:MOST_NAMES]
    except OSError:
        return []


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
