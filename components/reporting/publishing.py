"""Reports where people look for them: copies of published stages under reports/<name>/."""

import shutil
from pathlib import Path

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.manifest import STAMP, UNLISTED, check, damages, read_manifest
from components.files.put import put

ASIDE = "answers-of-study-"
ANSWERS = "results"
"""Sub-folder of a study where its annotators' answers are collected."""


def publish_report(report: Path, study: Path | None, target: Path) -> Path:
    """Put ``report`` (and ``study`` inside it) at ``target`` in one rename each way.

    What was there before is replaced only when the new folder is whole; nothing happens when
    it is the same report already, with every file as it was published.
    """
    wanted = [read_manifest(part)["key"] for part in (report, study) if part]
    if _stamped(target) == wanted and _same(report, target) and _same(study, target / "study"):
        return target
    for part in (report, study):
        if part:
            check(part)
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming_a_full_disk(target.parent), put(target) as fresh:
        shutil.copytree(report, fresh)
        if study:
            shutil.copytree(study, fresh / "study")
        _keep_answers(target, fresh, wanted)
        (fresh / STAMP).write_text(" ".join(wanted))
    return target


def _stamped(target: Path) -> list[str]:
    stamp = target / STAMP
    return stamp.read_text(errors="replace").split() if stamp.is_file() else []


def _same(source: Path | None, copy: Path) -> bool:
    """Whether every published file lies unchanged in the copy; others may lie beside them."""
    if source is None:
        return True
    try:
        if read_manifest(copy) != read_manifest(source):
            return False
        return all(damage.fault == UNLISTED for damage in damages(copy))
    except AlphabarError:
        return False


def _keep_answers(target: Path, fresh: Path, wanted: list[str]) -> None:
    """Carry over what people have put beside a study: with it, or aside if the study changed."""
    answers, known = target / "study" / ANSWERS, _stamped(target)
    for before in target.glob(f"{ASIDE}*"):
        shutil.copytree(before, fresh / before.name)
    if not answers.is_dir():
        return
    same = len(known) > 1 and known[1:] == wanted[1:]
    name = known[1][:8] if len(known) > 1 else "unknown"
    place = fresh / "study" / ANSWERS if same else fresh / f"{ASIDE}{name}"
    shutil.copytree(answers, place, dirs_exist_ok=True)
