"""One stage run and its key.

A node's key is the SHA-256 of its stage, the stage's version, the part of the spec that the
stage reads, its inputs' keys and the DVC hash of the raw data. Nodes that agree in all of that
are one node, whichever cells need them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from components.spec.keys import digest
from components.spec.sections.data import DataSpec

STAGE_VERSIONS = {
    "prepare": 2,
    "scorer": 1,
    "reference": 3,
    "train": 3,
    "sample": 3,
    "likelihood": 1,
    "evaluate": 3,
    "finetune": 3,
    "report": 4,
    "study": 3,
}
"""Raised when a stage's code changes its output, so that old outputs are not taken for new."""


def stage_key(
    stage: str, spec: Mapping[str, Any], inputs: Mapping[str, str], data_hash: str | None = None
) -> str:
    """The key of a stage run, from its inputs' keys by role."""
    return digest([stage, STAGE_VERSIONS[stage], spec, inputs, data_hash])


DataHash = Callable[[DataSpec], str]


@dataclass(frozen=True)
class Node:
    """One stage run.

    Attributes:
        name: unique in its plan; the folder's name under ``dvc repro``.
        stage: a key of `STAGE_VERSIONS`.
        spec: what the stage reads of the experiment, as plain JSON values.
        inputs: role → node whose output directory is read.
        data_hash: the raw data's DVC hash, for stages that read raw data.
    """

    name: str
    stage: str
    spec: dict[str, Any]
    inputs: dict[str, "Node"]
    data_hash: str | None = None

    @cached_property
    def key(self) -> str:
        """64 hexadecimal digits."""
        inputs = {role: node.key for role, node in self.inputs.items()}
        return stage_key(self.stage, self.spec, inputs, self.data_hash)


def in_order(ends: Iterable[Node]) -> list[Node]:
    """``ends`` and all that they read, each key once, inputs first."""
    seen: dict[str, Node] = {}
    for end in ends:
        for node in _walk(end):
            seen.setdefault(node.key, node)
    return list(seen.values())


def _walk(node: Node) -> Iterator[Node]:
    for source in node.inputs.values():
        yield from _walk(source)
    yield node


def roles(**nodes: Node | None) -> dict[str, Node]:
    """Those inputs that there are, by role."""
    return {role: node for role, node in nodes.items() if node is not None}


def dump(section: Any) -> dict[str, Any]:
    """A section of the experiment file as plain JSON values."""
    values: dict[str, Any] = section.model_dump(mode="json")
    return values
