"""From an experiment to its stages: what runs, from which inputs, under which key.

A node's key is the SHA-256 of its stage, the stage's version, the part of the spec that the
stage reads, its inputs' keys and the DVC hash of the raw data. Nodes that agree in all of that
are one node, whichever cells need them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from components.spec.keys import digest
from components.spec.models import DataSpec, Experiment
from components.spec.sweep import Cell, cell_name, expand

STAGE_VERSIONS = {
    "prepare": 1,
    "scorer": 1,
    "reference": 1,
    "train": 1,
    "sample": 1,
    "evaluate": 1,
    "finetune": 1,
    "report": 1,
    "study": 1,
}
"""Raised when a stage's code changes its output, so that old outputs are not taken for new."""

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
        version = STAGE_VERSIONS[self.stage]
        return digest([self.stage, version, self.spec, inputs, self.data_hash])


@dataclass(frozen=True)
class PlannedCell:
    """A cell and the stages that lead to its figures."""

    cell: Cell
    train: Node
    sample: Node
    evaluate: Node
    reference: Node

    @property
    def name(self) -> str:
        return self.cell.name


@dataclass(frozen=True)
class FinetunePlan:
    """The best baseline moved to the other style, and both models against that style.

    Attributes:
        evaluate_baseline: the baseline's samples against the new style's holdout: where
            fine-tuning starts from.
    """

    finetune: Node
    sample: Node
    evaluate: Node
    evaluate_baseline: Node
    reference: Node


@dataclass(frozen=True)
class Plan:
    """Everything that can be planned before the best baseline is known."""

    experiment: Experiment
    cells: list[PlannedCell]
    data_hash: DataHash

    def nodes(self) -> list[Node]:
        """Every node once, inputs before those that read them."""
        return in_order(cell.evaluate for cell in self.cells)


def plan_baselines(experiment: Experiment, data_hash: DataHash) -> Plan:
    """The stages of every cell. ``data_hash`` gives the DVC hash of a source's raw files."""
    swept = bool(experiment.sweep or experiment.also)
    cells = [_plan_cell(cell, data_hash, swept) for cell in expand(experiment)]
    return Plan(experiment, cells, data_hash)


def plan_finetune(plan: Plan, best: PlannedCell) -> FinetunePlan:
    """The stages that follow once ``best`` is known; the experiment has a ``finetune``."""
    base, spec = best.cell.experiment, plan.experiment.finetune
    assert spec is not None
    sources = _Sources(best.cell, plan.data_hash)
    data, scorer = sources.other_data(), sources.scorer()
    reference = sources.reference(data, base.evaluation.size)
    inputs = {"model": best.train, "data": data}
    if spec.evaluate_every:
        watch = sources.reference(data, base.training.evaluate_size)
        inputs |= _roles(reference=watch, scorer=scorer)
    finetune = Node(
        "finetune", "finetune", _dump(spec) | {"training": _dump(base.training)}, inputs
    )
    sample = _sample(base, "sample-finetuned", finetune, sources.data())
    judges = {"reference": reference, "data": data} | _roles(scorer=scorer)
    return FinetunePlan(
        finetune,
        sample,
        _evaluate(base, "evaluate-finetuned", {"samples": sample} | judges),
        _evaluate(base, "evaluate-baseline", {"samples": best.sample} | judges),
        reference,
    )


def plan_report(plan: Plan, best: PlannedCell, tuned: FinetunePlan | None) -> Node:
    """The page: it reads every cell's images, figures and training history."""
    inputs: dict[str, Node] = {"reference": best.reference}
    inputs |= {role: node for role, node in best.reference.inputs.items() if role == "scorer"}
    cells = []
    for index, cell in enumerate(plan.cells):
        inputs |= {
            f"train:{index}": cell.train,
            f"sample:{index}": cell.sample,
            f"evaluate:{index}": cell.evaluate,
        }
        experiment = cell.cell.experiment
        cells.append(
            {
                "name": cell.name,
                "model": cell.cell.model_name,
                "overrides": dict(cell.cell.overrides),
                "sampling": _dump(experiment.sampling),
                "schedule": experiment.process.schedule,
            }
        )
    if tuned:
        inputs |= {
            "finetune": tuned.finetune,
            "sample:finetuned": tuned.sample,
            "evaluate:finetuned": tuned.evaluate,
            "evaluate:baseline": tuned.evaluate_baseline,
            "reference:finetuned": tuned.reference,
        }
    spec = {
        "name": plan.experiment.name,
        "cells": cells,
        "best": best.name,
        "data": _dump(plan.experiment.data),
        "finetune": _dump(plan.experiment.finetune) if plan.experiment.finetune else None,
        "study": plan.experiment.study is not None,
    }
    return Node("report", "report", spec, inputs)


def plan_study(plan: Plan, best: PlannedCell, tuned: FinetunePlan) -> Node:
    """The blind comparison of the best baseline's and the fine-tuned model's samples."""
    assert plan.experiment.study is not None
    spec = _dump(plan.experiment.study) | {"name": plan.experiment.name}
    return Node("study", "study", spec, {"baseline": best.sample, "finetuned": tuned.sample})


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


@dataclass(frozen=True)
class _Sources:
    """The stages that a cell's figures rest on: its data, the scorer, real references."""

    cell: Cell
    data_hash: DataHash

    def data(self) -> Node:
        """The data that the cell's model is trained on."""
        return self._prepare("prepare", self.cell.experiment.data)

    def other_data(self) -> Node:
        """The same drawings in the style of `finetune`."""
        experiment = self.cell.experiment
        assert experiment.finetune is not None
        other = experiment.data.model_copy(update={"style": experiment.finetune.style})
        return self._prepare("prepare-finetune", other)

    def scorer(self) -> Node | None:
        """The domain CLIP, trained on every style that the experiment shows it."""
        experiment = self.cell.experiment
        if experiment.evaluation.clip != "domain":
            return None
        inputs = {"data": self.data()}
        if experiment.finetune is not None:
            inputs["data:finetune"] = self.other_data()
        return Node(f"scorer{self._suffix}", "scorer", _dump(experiment.scorer), inputs)

    def reference(self, data: Node, size: int) -> Node:
        """Real images of ``data`` at ``size``: the holdout's features and the floor."""
        evaluation = self.cell.experiment.evaluation
        name = data.name.replace("prepare", "reference")
        if size != evaluation.size:
            name += f"-{size}px"
        inputs = {"data": data} | _roles(scorer=self.scorer())
        return Node(name, "reference", _dump(evaluation) | {"size": size}, inputs)

    @property
    def _suffix(self) -> str:
        overrides = tuple(o for o in self.cell.overrides if o[0].startswith("data."))
        return f"-{cell_name(overrides)}" if overrides else ""

    def _prepare(self, name: str, data: DataSpec) -> Node:
        return Node(name + self._suffix, "prepare", _dump(data), {}, self.data_hash(data))


def _plan_cell(cell: Cell, data_hash: DataHash, swept: bool) -> PlannedCell:
    experiment, sources = cell.experiment, _Sources(cell, data_hash)
    suffix, model_suffix = (f"-{cell.name}", f"-{cell.model_name}") if swept else ("", "")
    data, scorer = sources.data(), _roles(scorer=sources.scorer())
    reference = sources.reference(data, experiment.evaluation.size)
    inputs = {"data": data}
    if experiment.training.evaluate_every:
        watch = sources.reference(data, experiment.training.evaluate_size)
        inputs |= {"reference": watch} | scorer
    parts = ("process", "conditioning", "network", "training")
    spec = {part: _dump(getattr(experiment, part)) for part in parts}
    train = Node(f"train{model_suffix}", "train", spec, inputs)
    sample = _sample(experiment, f"sample{suffix}", train, data)
    judges = {"samples": sample, "reference": reference, "data": data} | scorer
    evaluate = _evaluate(experiment, f"evaluate{suffix}", judges)
    return PlannedCell(cell, train, sample, evaluate, reference)


def _sample(experiment: Experiment, name: str, model: Node, data: Node) -> Node:
    spec = {"sampling": _dump(experiment.sampling), "samples": experiment.evaluation.samples}
    return Node(name, "sample", spec, {"model": model, "data": data})


def _evaluate(experiment: Experiment, name: str, inputs: dict[str, Node]) -> Node:
    return Node(name, "evaluate", _dump(experiment.evaluation), inputs)


def _roles(**nodes: Node | None) -> dict[str, Node]:
    return {role: node for role, node in nodes.items() if node is not None}


def _dump(section: Any) -> dict[str, Any]:
    values: dict[str, Any] = section.model_dump(mode="json")
    return values
