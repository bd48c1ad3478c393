"""The stages that follow once the best baseline is known: its fine-tune and their figures."""

from dataclasses import dataclass

from components.spec.plan.baselines import Plan, PlannedCell
from components.spec.plan.encoded import encoded
from components.spec.plan.node import Node, roles
from components.spec.plan.sources import Sources
from components.spec.sections.sampling import SamplingSpec


@dataclass(frozen=True)
class TunedCell:
    """The fine-tuned model under one sampling section."""

    sampling: SamplingSpec
    sample: Node
    evaluate: Node


@dataclass(frozen=True)
class FinetunePlan:
    """The best baseline trained further, and both models against the holdout of its data.

    Attributes:
        cells: one for each sampling section; the first one's figures are the fine-tune's.
        evaluate_baseline: the baseline's samples against that holdout: where fine-tuning starts
            from.
    """

    finetune: Node
    cells: tuple[TunedCell, ...]
    evaluate_baseline: Node
    reference: Node

    @property
    def sample(self) -> Node:
        return self.cells[0].sample

    @property
    def evaluate(self) -> Node:
        return self.cells[0].evaluate

    def ends(self) -> list[Node]:
        """The stages that all others lead to."""
        return [self.reference, *(cell.evaluate for cell in self.cells), self.evaluate_baseline]


def plan_finetune(plan: Plan, best: PlannedCell) -> FinetunePlan:
    """The stages that follow once ``best`` is known; the experiment has a ``finetune``."""
    base, spec = best.cell.experiment, plan.experiment.finetune
    assert spec is not None
    sources = Sources(best.cell, plan.outside)
    data, own = sources.finetune_data(), sources.data()
    read = {"kind": spec.kind} | spec.settings
    inputs = {"model": best.train, "data": data}
    # the codec comes with the model
    made = encoded(sources, data).items()
    inputs |= {role: node for role, node in made if node.stage == "encode"}
    inputs |= roles(base_data=own if spec.entry.needs_own_data else None)
    training = spec.training(base.training)
    finetune = sources.trained("finetune", "finetune", read, training, inputs, ("finetune",))

    def cell(index: int, sampling: SamplingSpec) -> TunedCell:
        suffix = f"-{index + 1}" if index else ""
        models = {"model": finetune, "data": own}
        models |= roles(base=best.train if spec.entry.saves_adapter else None)
        if sampling.guided_by_model:
            models |= roles(guide=sources.guide())
        sample = sources.sampled(f"sample-finetuned{suffix}", sampling, models, "finetune")
        judged = {"samples": sample, "data": data}
        evaluate = sources.judged(f"evaluate-finetuned{suffix}", "evaluate", judged)
        return TunedCell(sampling, sample, evaluate)

    before = {"samples": best.sample, "data": data}
    return FinetunePlan(
        finetune,
        tuple(cell(i, sampling) for i, sampling in enumerate(spec.samplings(base.sampling))),
        sources.judged("evaluate-baseline", "evaluate", before),
        sources.reference(data),
    )
