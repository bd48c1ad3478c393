"""Reports where people look for them: copies of published stages under reports/<name>/."""

import shutil
from collections.abc import Mapping
from pathlib import Path
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

STUDY, ASIDE = "study", "answers-of-study-"
"""Where earlier versions put a study into its report, and where one with answers goes aside."""


PAGE = "index.html"


def publish_report(report: Path, target: Path, occasion: Occasion | None = None) -> Path:
    """Put ``report`` at ``target`` in one rename each way.

    What was there before is replaced only when the new folder is whole; nothing happens when
    it is the same report already, with every file as it was published.

    Args:
        occasion: the run that does so, of which the page tells then.

    Raises:
        AlphabarError: a published file is damaged, or the disk is full.
    """
    wanted = str(read_manifest(report)["key"])
    texts = _texts(report, occasion)
    if _stamped(target)[:1] == [wanted] and _same(report, target, texts):
        return target
    check(report)
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming_a_full_disk(target.parent), put(target) as fresh:
        shutil.copytree(report, fresh)
        for name, text in texts.items():
            (fresh / name).write_text(text, encoding="utf-8")
        if texts:
            write_manifest(fresh, _manifest(report, texts))
        _keep_answers(target, fresh)
        (fresh / STAMP).write_text(wanted)
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


def _same(source: Path, copy: Path, texts: Mapping[str, str]) -> bool:
    """Whether every published file lies unchanged in the copy, or as ``texts`` has it; others may
    lie beside them."""
    try:
        known = {name: value for name, value in read_manifest(copy).items() if name != SEAL}
        if known != _manifest(source, texts):
            return False
        return all(damage.fault == UNLISTED for damage in damages(copy))
    except AlphabarError:
        return False


def _keep_answers(target: Path, fresh: Path) -> None:
    """Carry over a study of an earlier version, with its key, that people have answered."""
    for before in target.glob(f"{ASIDE}*"):
        shutil.copytree(before, fresh / before.name)
    if (target / STUDY).is_dir() and _answered(target / STUDY):
        name = (*_stamped(target)[1:], "unknown")[0][:8]
        shutil.copytree(target / STUDY, fresh / f"{ASIDE}{name}", dirs_exist_ok=True)


def _answered(study: Path) -> bool:
    """Whether people have put anything beside a study."""
    try:
        return any(damage.fault == UNLISTED for damage in damages(study))
    except AlphabarError:
        return True  # nobody knows what was published there
