"""Studies where people answer them: copies of published stages under reports/studies/<name>/.

What lies there beside the published files is people's: answers, links, a served database, what
was analysed. None of it is ever moved or removed, but with the whole study that it belongs to.
A study that simulated annotators answer has no people: its answers are published, too.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.digests import known_sha256
from components.files.full_disk import naming_a_full_disk
from components.files.json_file import read_object
from components.files.lock import HeldError, locked_folder
from components.files.manifest import MANIFEST, SEAL, UNLISTED, check, damages, read_manifest
from components.files.put import put

SAYING = ("study.json", "key.json")
"""Files of a study that have its identity, as `study`."""

STAMP, SERVED = ".published", ".served.lock"
"""What says which answers a run has put there, and what is held while a study is served."""

ANSWERS, ANALYSIS = "answers", "analysis"
"""Folders of a study that are no person's where simulated annotators answer it."""


def publish_study(study: Path, target: Path) -> Path:
    """Put a published study at ``target``.

    Where the same study is there, only files that are not as published are put anew, each in one
    rename. Another one goes aside, to ``<target>-<its identity's first 8 digits>``, unless it is
    nothing but what an earlier run published.

    Raises:
        AlphabarError: a published file is damaged, or the disk is full.
    """
    check(study)
    with naming_a_full_disk(target.parent):
        if target.is_dir() and identity(target) == identity(study):
            _refresh(study, target)
            return target
        if target.exists() and not _replaceable(target):
            put_aside(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with put(target) as fresh:
            shutil.copytree(study, fresh)
    return target


def publish_answers(answers: Path, published: Path, study: Path) -> bool:
    """Put what simulated annotators answered into their published study; whether that is new.

    What was analysed of other answers goes. Answers that no run has put there are nobody's to
    remove: the study goes aside with them, and is put there anew.

    Args:
        answers: the directory of the stage `answers`.
        published: of the stage `study`, which ``study`` is a copy of.

    Raises:
        AlphabarError: a published file is damaged, or the disk is full.
    """
    check(answers)
    source, target = answers / ANSWERS, study / ANSWERS
    if (there := _files(target)) == _files(source):
        return False
    if there and " ".join(sorted(there)) != _stamp(target):
        put_aside(study)
        publish_study(published, study)
    with naming_a_full_disk(study):
        shutil.rmtree(study / ANALYSIS, ignore_errors=True)
        with put(target) as fresh:
            shutil.copytree(source, fresh)
            (fresh / STAMP).write_text(" ".join(sorted(_files(source))))
    return True


def _stamp(answers: Path) -> str:
    """Which answers a run has put there."""
    path = answers / STAMP
    return path.read_text(errors="replace") if path.is_file() else ""


def _files(folder: Path) -> dict[str, str]:
    """Each file by its path in the folder → its SHA-256; hidden ones are nobody's answers."""
    found = (path for path in folder.rglob("[!.]*") if path.is_file())
    return {path.relative_to(folder).as_posix(): known_sha256(path) for path in found}


def _refresh(study: Path, target: Path) -> None:
    files, known = read_manifest(study)["files"], _known(target).get("files", {})
    for name, entry in files.items():
        place = target / name
        if not place.is_file() or known_sha256(place) != entry["sha256"]:
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy(study / name, place)
    for name in known.keys() - files.keys():
        (target / name).unlink(missing_ok=True)
    if not (target / MANIFEST).is_file() or known != read_manifest(study).get("files"):
        _copy(study / MANIFEST, target / MANIFEST)


def _copy(source: Path, place: Path) -> None:
    with put(place) as part:
        shutil.copy2(source, part)


def _replaceable(target: Path) -> bool:
    """Whether a run published all that lies there, and nothing else does."""
    known = _known(target)
    if known.get("stage") != "study":
        return False
    ours = (ANSWERS, ANALYSIS) if known.get("spec", {}).get("simulated") else ()
    added = (path.relative_to(target).parts[0] for path in _added(target))
    return all(name in ours for name in added)


def _added(target: Path) -> Iterator[Path]:
    return (damage.path for damage in damages(target) if damage.fault == UNLISTED)


def _known(target: Path) -> Mapping[str, Any]:
    """The manifest there; empty where it is missing or broken."""
    try:
        manifest = read_manifest(target)
    except AlphabarError:
        return {}
    return manifest if SEAL in manifest else {}


def identity(folder: Path) -> str | None:
    """What stands in every answer to the study in ``folder``; None where that is no study."""
    for name in SAYING:
        try:
            return str(read_object(folder / name, "")["study"])
        except (AlphabarError, KeyError):
            continue
    return None


def put_aside(target: Path) -> Path:
    """Move a study to a place beside it where nothing lies; returns that.

    Raises:
        AlphabarError: it is being served.
    """
    place = _aside(target)
    try:
        if (target / SERVED).exists():
            with locked_folder(target / SERVED, wait=False):
                pass
    except HeldError:
        raise AlphabarError(
            f"the study in {target} is being served, and another one is to take its place",
            "stop `alphabar study serve` first, then do the same again: nothing is lost",
        ) from None
    target.rename(place)
    return place


def _aside(target: Path) -> Path:
    name = f"{target.name}-{(identity(target) or 'unknown')[:8]}"
    places = [target.with_name(name), *(target.with_name(f"{name}-{k}") for k in range(2, 1000))]
    return next(place for place in places if not place.exists())
