"""Published directories against their manifests: before a run, and on request."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.errors import AlphabarError
from components.files.manifest import KEY, MANIFEST, SHOWN, Damage, damages
from components.runtime import Progress
from components.spec.experiment import Experiment
from components.spec.plan import Node, Plan, in_order
from components.store import Store
from flows.run.finished import what_follows
from flows.run.outside import plan_here
from flows.tools.promotion import registry_gate
from flows.workspace import Workspace


@dataclass(frozen=True)
class Verified:
    """What a look at published directories found.

    Attributes:
        directories: how many there are.
        damage: what is wrong in them.
    """

    directories: int
    damage: tuple[Damage, ...]


def checked_plan(experiment: Experiment, workspace: Workspace, *, contents: bool = False) -> Plan:
    """What a run begins with: the plan, once its gate, its data and what is published are sound.

    Raises:
        AlphabarError: one of them is not.
    """
    registry_gate(experiment.registry, workspace)
    plan = plan_here(experiment, workspace)
    check_plan(plan, workspace.store, contents=contents)
    return plan


def check_plan(plan: Plan, store: Store, *, contents: bool) -> None:
    """Look at all that a run of ``plan`` may read of what is published, before it reads any.

    What follows from the best cell is looked at where that is known.

    Args:
        contents: compare digests too, not only which files there are and their sizes.

    Raises:
        AlphabarError: names what is damaged, up to five directories of it.
    """
    nodes = plan.nodes()
    check_published(nodes, store, contents=contents)
    if not all(store.has(node) for node in nodes):
        return
    _, tuned, pages = what_follows(plan, store)
    ends = [*(tuned.ends() if tuned else ()), *pages]
    seen = {node.key for node in nodes}
    later = [node for node in in_order(ends) if node.key not in seen]
    check_published(later, store, contents=contents)


def check_published(nodes: Iterable[Node], store: Store, *, contents: bool) -> None:
    """`Store.checked` for those of ``nodes`` that are published, with one error for all."""
    errors = []
    for node in nodes:
        if store.has(node):
            try:
                store.checked(node, contents=contents)
            except AlphabarError as error:
                errors.append(error)
    if errors:
        shown = errors[:SHOWN]
        more = f"; and in {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
        remedies = dict.fromkeys(error.remedy for error in shown)
        raise AlphabarError("; ".join(e.what for e in shown) + more, "; ".join(remedies))


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
        return list(damages(directory))
    except AlphabarError as error:
        named = directory / MANIFEST
        if not error.what.startswith(str(named)):
            named = directory
        return [Damage(named, error.what.removeprefix(f"{named} "))]
