"""Published directories against their manifests, wherever they were copied to."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.errors import AlphabarError
from components.files.manifest import KEY, MANIFEST, STUDY, UNLISTED, Damage, damages
from components.runtime import Progress

IMAGES = "images"
"""The folder of a study's images."""


@dataclass(frozen=True)
class Verified:
    """What a look at published directories found.

    Attributes:
        directories: how many there are.
        damage: what is wrong in them.
    """

    directories: int
    damage: tuple[Damage, ...]


def verify(paths: Sequence[Path], progress: Progress) -> Verified:
    """Compare every file of the published directories at and below ``paths`` with its manifest.

    Raises:
        AlphabarError: a path holds nothing that was published.
    """
    found: dict[Path, None] = {}
    for path in (Path(os.path.normpath(given)) for given in paths):
        inside = sorted(_published(path))
        if not inside:
            raise AlphabarError(
                f"{path} holds nothing published: there is no {MANIFEST} at or below it",
                "give the store, a stage's directory in it, or a copy of one",
            )
        found |= dict.fromkeys(inside)
    damage: list[Damage] = []
    for done, directory in enumerate(found, start=1):
        damage += _damage(directory)
        progress(done, len(found), str(directory.name)[:12])
    return Verified(len(found), tuple(damage))


def _published(path: Path) -> Iterable[Path]:
    """Directories with a manifest, and those that are named as one that lost it."""
    for directory in (path, *path.rglob("*")):
        hidden = any(part.startswith(".") for part in directory.relative_to(path).parts)
        named = KEY.fullmatch(directory.name) and directory.is_dir()
        if not hidden and (named or (directory / MANIFEST).is_file()):
            yield directory


def _damage(directory: Path) -> list[Damage]:
    if not (directory / MANIFEST).is_file():
        return [Damage(directory, f"has no {MANIFEST}, so it counts as not published")]
    try:
        return [each for each in damages(directory) if not _of_a_study(each, directory)]
    except AlphabarError as error:
        named = directory / MANIFEST
        if not error.what.startswith(str(named)):
            named = directory
        return [Damage(named, error.what.removeprefix(f"{named} "))]


def _of_a_study(damage: Damage, directory: Path) -> bool:
    """Whether it is what people put beside a study, such as their answers; never into a folder of
    it, nor into a store."""
    inside = damage.path.relative_to(directory)
    return (
        damage.fault == UNLISTED
        and (directory / STUDY).is_file()
        and not KEY.fullmatch(directory.name)
        and inside.parts[0] != IMAGES
    )
