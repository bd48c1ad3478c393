"""One stage run and its key.

A node's key is the SHA-256 of all that its bytes depend on and that may differ from run to run of
one installation: its stage and the stage's version, the part of the spec that the stage reads, its
inputs' keys, the DVC hash of the raw data, the content of files of weights, the plug-ins that it
uses, and what computes. Nodes that agree in all of that are one node, whichever cells need them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from components.spec.keys import digest
from components.spec.sections.base import Section
from components.spec.sections.data import DataSpec

STAGE_VERSIONS = {
    "prepare": 3,
    "scorer": 3,
    "reference": 7,
    "autoencoder": 2,
    "encode": 1,
    "subject": 1,
    "base": 1,
    "train": 8,
    "sample": 5,
    "similarity": 3,
    "likelihood": 3,
    "evaluate": 7,
    "finetune": 8,
    "checkpoint": 1,
    "report": 14,
    "study": 5,
    "answers": 1,
}
"""Raised when a stage's code changes its output, so that old outputs are not taken for new."""


@dataclass(frozen=True)
class Compute:
    """What a stage computes with, as far as the last bits of what it writes depend on it.

    Attributes:
        threads: of torch and BLAS: sums are split among them, and rounded otherwise.
        accelerator: ``cpu``, ``gpu`` or ``mps``; never ``auto``.
    """

    threads: int = 1
    accelerator: str = "cpu"


def stage_key(
    stage: str,
    spec: Mapping[str, Any],
    inputs: Mapping[str, str],
    data_hash: str | None = None,
    weights: Mapping[str, str] | None = None,
    compute: Mapping[str, Any] | None = None,
    plugins: Mapping[str, str] | None = None,
) -> str:
    """The key of a stage run, from its inputs' keys by role; the rest as `Node` has it."""
    version = STAGE_VERSIONS[stage]
    parts = [stage, version, spec, inputs, data_hash, weights or {}, compute]
    return digest([*parts, plugins] if plugins else parts)


DataHash = Callable[[DataSpec], str]
"""The DVC hash of a data section's raw files."""

WeightsHash = Callable[[str], str | None]
"""The SHA-256 of the file of weights that an extractor's name stands for; None where there is no
such file on this machine, or where the weights come with a package."""


PromptsHash = Callable[[str], str]
"""The SHA-256 of a file of prompts, by its name in the experiment file."""


def unread_prompts(name: str) -> str:
    """Where nobody reads files of prompts."""
    return name


FolderHash = Callable[[str], str]
"""The SHA-256 of all files of a folder, by its path from the project's root folder."""


EncodersHash = Callable[[str], list[str]]
"""The SHA-256 of each folder that a ``conditioning.encoder`` is read from; empty where its weights
come with a package, or where it has none."""


def no_encoders(encoder: str) -> list[str]:
    """Where nobody looks for encoders."""
    return []


DecidedHash = Callable[[str], str]
"""The SHA-256 of the decided pairs that `finetune.preferences` names, by their content."""


BaseContent = Callable[[str], dict[str, Any]]
"""What is known of the model of `finetune.base`: ``sha256`` of its files, and ``licences`` of what
it was made from. Its sections are in the experiment."""


def no_folders(path: str) -> str:
    """Where nobody looks into folders."""
    raise LookupError(path)


def no_base(name: str) -> dict[str, Any]:
    """Where nobody looks for models."""
    raise LookupError(name)


def no_weights(extractor: str) -> None:
    """Where nobody looks for files of weights."""


@dataclass(frozen=True)
class Node:
    """One stage run.

    Attributes:
        name: unique in its plan; the folder's name under ``dvc repro``.
        stage: a key of `STAGE_VERSIONS`.
        spec: what the stage reads of the experiment and its bytes depend on, as plain JSON values.
        inputs: role → node whose output directory is read.
        data_hash: the raw data's DVC hash, for stages that read raw data.
        weights: extractor's name → SHA-256 of the file of weights that it reads.
        compute: what computes; None for stages whose bytes do not depend on it.
        plugins: package → version, of the plug-ins that it uses.
        unkeyed: what the stage is told besides `spec` and its bytes do not depend on.
        reads: where in the experiment file that stands, as sections and dotted fields; in no key.
    """

    name: str
    stage: str
    spec: dict[str, Any]
    inputs: dict[str, "Node"]
    data_hash: str | None = None
    weights: dict[str, str] = field(default_factory=dict)
    compute: Compute | None = None
    unkeyed: dict[str, Any] = field(default_factory=dict)
    plugins: dict[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """64 hexadecimal digits."""
        inputs = {role: node.key for role, node in self.inputs.items()}
        compute = asdict(self.compute) if self.compute else None
        return stage_key(
            self.stage, self.spec, inputs, self.data_hash, self.weights, compute, self.plugins
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What the stage is called with: `spec` with `unkeyed` put back in its place."""
        return _merged(self.spec, self.unkeyed)


def in_order(ends: Iterable[Node]) -> list[Node]:
    """``ends`` and all that they read, each key once, inputs first."""
    seen: dict[str, Node] = {}
    for end in ends:
        for node in _walk(end, seen):
            seen[node.key] = node
    return list(seen.values())


def _walk(node: Node, seen: Mapping[str, Node]) -> Iterator[Node]:
    """What ``seen`` lacks, inputs first."""
    if node.key in seen:
        return
    for source in node.inputs.values():
        yield from _walk(source, seen)
    yield node


def longest_ways(nodes: Iterable[Node], length: Callable[[Node], float]) -> dict[str, float]:
    """Key → how long it is to the end of each of ``nodes``, inputs first, by the longest way from
    those that begin."""
    ways: dict[str, float] = {}
    for node in nodes:
        before = [ways[source.key] for source in node.inputs.values() if source.key in ways]
        ways[node.key] = max(before, default=0) + length(node)
    return ways


def roles(**nodes: Node | None) -> dict[str, Node]:
    """Those inputs that there are, by role."""
    return {role: node for role, node in nodes.items() if node is not None}


def dump(section: Section) -> dict[str, Any]:
    """What stages' bytes depend on of a section, as plain JSON values."""
    exclude = set(section.unkeyed())
    values: dict[str, Any] = section.settled().model_dump(mode="json", exclude=exclude)
    return values


def unkeyed(**sections: Section) -> dict[str, Any]:
    """The rest of sections, by name; only those that have a rest."""
    return {
        name: section.model_dump(mode="json", include=set(section.unkeyed()))
        for name, section in sections.items()
        if section.unkeyed()
    }


def _merged(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for name, value in others.items():
        inside = merged.get(name)
        merged[name] = _merged(inside, value) if isinstance(inside, dict) else value
    return merged
