"""The stages of every cell: everything that can be planned before the best one is known."""

from collections.abc import Hashable
from dataclasses import dataclass

from components.errors import AlphabarError
from components.spec.catalogue.dpo import DRAWN
from components.spec.experiment import Experiment
from components.spec.keys import digest
from components.spec.metrics import ranking_metric
from components.spec.plan.auto import Settle, settled_cell, unmeasured
from components.spec.plan.node import (
    BaseContent,
    Compute,
    DataHash,
    DecidedHash,
    EncodersHash,
    FolderHash,
    Node,
    PromptsHash,
    WeightsHash,
    in_order,
    no_base,
    no_encoders,
    no_folders,
    no_weights,
    roles,
    unread_prompts,
)
from components.spec.plan.outside import Outside
from components.spec.plan.sources import Sources
from components.spec.sweep import Cell, expand
from components.spec.tunings import tunings


@dataclass(frozen=True)
class PlannedCell:
    """A cell and the stages that lead to its figures.

    Attributes:
        train: what its network comes from: a training, or the stage `base`.
    """

    cell: Cell
    train: Node
    sample: Node
    evaluate: Node
    reference: Node

    @property
    def name(self) -> str:
        return self.cell.name

    @property
    def data(self) -> Node:
        """The data that its images are judged against."""
        return self.reference.inputs["data"]

    @property
    def trained(self) -> bool:
        """Whether its network is trained, and not a model that was there already."""
        return "training" in self.train.spec

    @property
    def may_win(self) -> bool:
        return self.cell.may_win


@dataclass(frozen=True)
class Plan:
    """Everything that can be planned before the best baseline is known."""

    experiment: Experiment
    cells: list[PlannedCell]
    outside: Outside

    def nodes(self) -> list[Node]:
        """Every node once, inputs before those that read them."""
        return in_order(end for cell in self.cells for end in (cell.reference, cell.evaluate))

    @property
    def swept(self) -> tuple[str, ...]:
        """The dotted paths that some cell overrides, each once."""
        overrides = (path for cell in self.cells for path, _ in cell.cell.overrides)
        return tuple(dict.fromkeys(overrides))

    @property
    def ranked_by(self) -> str:
        """The figure that decides: the Fréchet distance of the experiment's extractor."""
        return ranking_metric(self.experiment.evaluation.extractor)

    @property
    def sweep_key(self) -> str:
        """What identifies the sweep: its figures' keys, which cells may win, and what follows.

        The gate is not in it: it is asked once, when the winner is registered.
        """
        follows = {"name", "finetune", "study", "registry"}
        after = self.experiment.model_dump(mode="json", include=follows)
        if tuned := [list(each.overrides) for each in tunings(self.experiment) if each.overrides]:
            after["finetunes"] = tuned
        named = (each.spec.settings.get("preferences", DRAWN) for each in tunings(self.experiment))
        if decided := [self.outside.decided(name) for name in named if name != DRAWN]:
            after["decided"] = decided
        del after["registry"]["gate"]
        return digest([after, [[cell.evaluate.key, cell.may_win] for cell in self.cells]])


def plan_baselines(
    experiment: Experiment,
    data_hash: DataHash,
    compute: Compute | None = None,
    weights: WeightsHash = no_weights,
    prompts: PromptsHash = unread_prompts,
    folder: FolderHash = no_folders,
    encoders: EncodersHash = no_encoders,
    network: FolderHash = no_folders,
    base: BaseContent = no_base,
    decided: DecidedHash = no_folders,
    settle: Settle = unmeasured,
) -> Plan:
    """The stages of every cell; what they depend on besides is as `Outside` has it."""
    machine = compute or Compute()
    found = prompts, folder, encoders, network, base, decided, settle
    outside = Outside(data_hash, machine, weights, *found)
    swept = bool(experiment.sweep or experiment.cells or experiment.also)
    made: dict[Hashable, Node] = {}
    settled = [settled_cell(cell, settle) for cell in expand(experiment)]
    cells = [_plan_cell(cell, Sources(cell, outside, swept, made)) for cell in settled]
    return Plan(experiment, cells, outside)


def _plan_cell(cell: Cell, sources: Sources) -> PlannedCell:
    experiment = cell.experiment
    if experiment.sampling.adapter_scale != 1:
        raise AlphabarError(
            f"`sampling.adapter_scale: {experiment.sampling.adapter_scale:g}`: the baselines have "
            "no adapter",
            "give it in `finetune.sampling`, as `- {adapter_scale: 0.5}`",
        )
    suffix = f"-{cell.name}" if sources.swept else ""
    data, train = sources.data(), sources.model()
    inputs = {"model": train, "data": data} | roles(guide=sources.guide())
    sample = sources.sampled(f"sample{suffix}", experiment.sampling, inputs)
    judges = {"samples": sample, "data": data} | roles(likelihood=sources.likelihood())
    evaluate = sources.judged(f"evaluate{suffix}", "evaluate", judges)
    return PlannedCell(cell, train, sample, evaluate, sources.reference(data))
