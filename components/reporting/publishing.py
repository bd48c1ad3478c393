"""Reports where people look for them: copies of published stages under reports/<name>/."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.manifest import (
    SEAL,
    STAMP,
    UNLISTED,
    check,
    damages,
    intact,
    listed,
    read_manifest,
    write_manifest,
)
from components.files.put import put
from components.reporting.occasion import Occasion, with_occasion

ASIDE = "answers-of-study-"
ANSWERS = "results"
"""Sub-folder of a study where its annotators' answers are collected."""


PAGE = "index.html"


def publish_report(
    report: Path, study: Path | None, target: Path, occasion: Occasion | None = None
) -> Path:
    """Put ``report`` (and ``study`` inside it) at ``target`` in one rename each way.

    What was there before is replaced only when the new folder is whole; nothing happens when
    it is the same report already, with every file as it was published.

    Args:
        occasion: the run that does so, of which the page tells then.

    Raises:
        AlphabarError: a published file is damaged, or the disk is full.
    """
    wanted = [read_manifest(part)["key"] for part in (report, study) if part]
    texts = _texts(report, occasion)
    same = _same(report, target, texts) and _same(study, target / "study")
    if same and _stamped(target) == wanted:
        return target
    for part in (report, study):
        if part:
            check(part)
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming_a_full_disk(target.parent), put(target) as fresh:
        shutil.copytree(report, fresh)
        for name, text in texts.items():
            (fresh / name).write_text(text, encoding="utf-8")
        if texts:
            write_manifest(fresh, _manifest(report, texts))
        if study:
            shutil.copytree(study, fresh / "study")
        _keep_answers(target, fresh, wanted)
        (fresh / STAMP).write_text(" ".join(wanted))
    return target


def _stamped(target: Path) -> list[str]:
    stamp = target / STAMP
    return stamp.read_text(errors="replace").split() if stamp.is_file() else []


def _texts(report: Path, occasion: Occasion | None) -> dict[str, str]:
    """Name → text of what is not as the stage left it, once the page tells of its occasion."""
    if occasion is None:
        return {}
    page = intact(report / PAGE).read_text(encoding="utf-8")
    return {PAGE: with_occasion(page, occasion), **occasion.files()}


def _manifest(report: Path, texts: Mapping[str, str]) -> dict[str, Any]:
    """Of the copy of ``report`` that has ``texts``; without its seal."""
    manifest = {name: value for name, value in read_manifest(report).items() if name != SEAL}
    return manifest | {"files": dict(sorted({**manifest["files"], **listed(texts)}.items()))}


def _same(source: Path | None, copy: Path, texts: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Whether every published file lies unchanged in the copy, or as ``texts`` has it; others may
    lie beside them."""
    if source is None:
        return True
    try:
        known = {name: value for name, value in read_manifest(copy).items() if name != SEAL}
        if known != _manifest(source, texts):
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
