"""The stages of every cell: everything that can be planned before the best one is known."""

from dataclasses import dataclass

from components.spec.experiment import Experiment
from components.spec.plan.node import DataHash, Node, dump, in_order, roles
from components.spec.plan.sources import Sources
from components.spec.sweep import Cell, expand


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

    @property
    def may_win(self) -> bool:
        return self.cell.may_win


@dataclass(frozen=True)
class Plan:
    """Everything that can be planned before the best baseline is known."""

    experiment: Experiment
    cells: list[PlannedCell]
    data_hash: DataHash

    def nodes(self) -> list[Node]:
        """Every node once, inputs before those that read them."""
        return in_order(end for cell in self.cells for end in (cell.reference, cell.evaluate))


def plan_baselines(experiment: Experiment, data_hash: DataHash) -> Plan:
    """The stages of every cell. ``data_hash`` gives the DVC hash of a source's raw files."""
    swept = bool(experiment.sweep or experiment.cells or experiment.also)
    cells = [_plan_cell(cell, data_hash, swept) for cell in expand(experiment)]
    return Plan(experiment, cells, data_hash)


def _plan_cell(cell: Cell, data_hash: DataHash, swept: bool) -> PlannedCell:
    experiment, sources = cell.experiment, Sources(cell, data_hash, swept)
    suffix = f"-{cell.name}" if swept else ""
    data, train = sources.data(), sources.model()
    reference = sources.reference(data)
    drawn = {"sampling": dump(experiment.sampling), "samples": experiment.evaluation.samples}
    inputs = {"model": train, "data": data} | roles(guide=sources.guide())
    sample = Node(f"sample{suffix}", "sample", drawn, inputs)
    judges = {"samples": sample, "data": data}
    judges |= roles(scorer=sources.scorer(), likelihood=sources.likelihood())
    evaluate = Node(f"evaluate{suffix}", "evaluate", dump(experiment.evaluation), judges)
    return PlannedCell(cell, train, sample, evaluate, reference)
