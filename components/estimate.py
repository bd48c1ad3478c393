"""What a run of a plan would start, and how long that may take: from the store's latest runs."""

import heapq
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import read_object
from components.files.manifest import read_manifest, remedy
from components.spec.cost import Cost, stage_cost
from components.spec.plan import Node, Plan, in_order, longest_ways
from components.store import Store

MODELS = ("train", "base", "finetune", "checkpoint")
"""Stages that publish a model which others draw with."""

LATEST = 8
"""Runs of a stage in the store from which its time is estimated."""


@dataclass(frozen=True)
class PlannedStage:
    """One stage run of a plan.

    Attributes:
        seconds: what the store's latest runs of this stage took, scaled by their work, those of
            the same network where there are some; None when it has never run here.
    """

    node: Node
    published: bool
    evaluations: Cost
    seconds: float | None


def planned_stages(plan: Plan, store: Store, later: Sequence[Node] = ()) -> list[PlannedStage]:
    """The stages of every cell, inputs first; nothing is run or written.

    Args:
        later: the ends of what follows the best cell, as far as that is known.
    """
    speeds = _speeds(store)
    return [
        PlannedStage(node, store.has(node), stage_cost(node), _estimate(node, speeds))
        for node in in_order([*plan.nodes(), *later])
    ]


def longest_way(stages: Sequence[PlannedStage]) -> float:
    """Seconds of those ``stages``, inputs first, that can only follow one another; a stage whose
    time is not known counts for nothing."""
    seconds = {stage.node.key: stage.seconds or 0.0 for stage in stages}
    ways = longest_ways((stage.node for stage in stages), lambda node: seconds[node.key])
    return max(ways.values(), default=0.0)


Work = tuple[str, bool]
"""A stage, and whether it works on text: `encode` does so apart from images."""


@dataclass(frozen=True)
class Run:
    """A stage run in the store.

    Attributes:
        network: the section that it computed with; None where it has no network.
    """

    evaluations: int
    seconds: float
    network: Mapping[str, Any] | None


Speeds = dict[Work, list[Run]]
"""Work → its latest runs in the store."""


def _work(stage: str, spec: Mapping[str, Any]) -> Work:
    return stage, stage == "encode" and "conditioning" in spec


def _speeds(store: Store) -> Speeds:
    found: Speeds = {}
    for folder in sorted(path for path in store.root.glob("[!.]*") if path.is_dir()):
        written = {path: path.stat().st_mtime for path in folder.glob("*/manifest.json")}
        for path in heapq.nlargest(LATEST, written, key=written.__getitem__):
            try:
                manifest = read_manifest(path.parent)
                if {"stage", "spec", "wall_seconds"} <= manifest.keys():  # else another program's
                    node = _published(path.parent, manifest)
                    done, seconds = _done(path.parent, node), manifest["wall_seconds"]
                    run = Run(done, seconds, _network(node))
                    work = _work(manifest["stage"], manifest["spec"])
                    found.setdefault(work, []).append(run)
            except AlphabarError:  # an estimate does without; who uses the directory is told
                continue
    return found


def _done(directory: Path, node: Node) -> int:
    """The network evaluations of a published stage; images record how many they took."""
    if node.stage == "sample":
        figures = read_object(directory / "metrics.json", remedy(directory))
        evaluations: float = figures["samples"] * figures["network_evaluations"]
        return round(evaluations)
    return stage_cost(node).evaluations


def _published(directory: Path, manifest: dict[str, Any]) -> Node:
    """A published stage run with the model that it used, as far as costs go.

    Raises:
        AlphabarError: the model that it was fine-tuned from is not there, or damaged.
    """
    inputs, key = {}, manifest.get("inputs", {}).get("model")
    if key is not None:
        places = [directory.parent.parent / stage / key for stage in MODELS]
        base = next((place for place in places if place.is_dir()), places[0])
        if base.is_dir() or manifest["stage"] in ("finetune", "checkpoint"):
            inputs["model"] = _published(base, read_manifest(base))
    return Node("", manifest["stage"], manifest["spec"], inputs)


def _network(node: Node) -> Mapping[str, Any] | None:
    """The section of the network that a stage run computes with."""
    while "network" not in node.spec and "model" in node.inputs:
        node = node.inputs["model"]
    return node.spec.get("network")


def _estimate(node: Node, speeds: Speeds) -> float | None:
    runs = speeds.get(_work(node.stage, node.spec))
    if not runs:
        return None
    network = _network(node)
    runs = [run for run in runs if run.network == network] or runs
    work = stage_cost(node).evaluations
    if work:
        return work * statistics.median(run.seconds / run.evaluations for run in runs)
    return statistics.median(run.seconds for run in runs)
