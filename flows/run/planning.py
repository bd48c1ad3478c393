"""The plan in words: which stages a run would start, and how long they may take."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from components.data.plan_notes import plan_notes
from components.errors import AlphabarError, number_of
from components.estimate import PlannedStage, longest_way, planned_stages
from components.reporting.tables.table import Column, Table
from components.reporting.words.naming import listed
from components.spec.cost import Cost, stage_cost
from components.spec.experiment import Experiment
from components.spec.plan import Node, Plan, in_order, plan_finetune
from components.spec.sections.data import DataSpec
from components.store import Store
from flows.run.choices import Choices
from flows.run.compilers import refuse_without_compiler
from flows.run.outside import plan_here
from flows.run.pretrained_words import given_notes
from flows.run.tuning_notes import preference_notes, tuning_notes
from flows.telling import show, tell
from flows.workspace import Workspace

UNKNOWN = "data not fetched"
LISTED = 100
"""Stages that are printed one by one; more are summed up."""

FOLLOWING = ("finetune", "study", "report")
"""Stages that wait for the best cell."""

EVALUATIONS = Column("network evaluations", brief="network\nevaluations", right=True, gives_way=1)


@dataclass(frozen=True)
class Description:
    """A plan, its stages, what is to be said of its captions, and what it cannot know yet.

    Attributes:
        tuning: how many fine-tunes there are and what they cost; empty without any, and where they
            are among the stages.
        then: what follows and is not among the stages, and what it waits for.
        best: the best cell, where all are evaluated.
        choices: what `auto` came to.
    """

    plan: Plan
    stages: list[PlannedStage]
    notes: list[str]
    warning: str | None
    tuning: str = ""
    then: tuple[list[str], str] = ([], "")
    best: str | None = None
    choices: Choices = field(default_factory=Choices)


def describe_plan(experiment: Experiment, workspace: Workspace) -> Description:
    """Look at the plan and the store; nothing is run, fetched or written."""
    warning, damaged = None, list[str]()
    choices = Choices(damaged.append)
    try:
        plan = plan_here(experiment, workspace, choices=choices)
        tuning = _tuning_words(plan)
    except AlphabarError as error:
        warning = str(error)
        damaged.clear()
        choices = Choices(damaged.append)
        plan = plan_here(experiment, workspace, _unknown, choices)
        tuning = _tuning_words(plan)
    store = workspace.store
    refuse_without_compiler(plan.nodes(), store)
    best, ends, then = _later(plan, store)
    stages = planned_stages(plan, store, ends)
    experiment = plan.experiment
    notes = [
        *dict.fromkeys(damaged),
        *given_notes(experiment, workspace),
        *tuning_notes(experiment),
    ]
    notes += preference_notes(experiment, workspace.root)
    if not warning:
        notes += plan_notes(plan.cells, store, workspace.root, workspace.weights)
    tuning = "" if best else tuning
    return Description(plan, stages, notes, warning, tuning, then, best, choices)


def _later(plan: Plan, store: Store) -> tuple[str | None, list[Node], tuple[list[str], str]]:
    """The best cell, what follows it as far as that is known, and what is not known yet.

    Fine-tunes are known once all cells are evaluated, the pages once one of the fine-tunes is
    chosen.
    """
    experiment, several = plan.experiment, sum(cell.may_win for cell in plan.cells) > 1
    following = [name for name in FOLLOWING[:-1] if getattr(experiment, name)]
    if not all(store.has(node) for node in plan.nodes()):
        start = "the base" if experiment.base and not several else "the best baseline"
        return None, [], ([*following, "report"] if following else [], start)
    from flows.run.finished import what_follows  # judges, for which it needs numpy

    best, tuned, pages = what_follows(plan, store)
    if tuned is None:
        return best.name, pages, ([], "")
    if len(tuned.models) > 1 and not all(map(store.has, tuned.ends())):
        rest = [*following[1:], "report"]
        return best.name, tuned.ends(), (rest, "the best fine-tune")
    return best.name, [*tuned.ends(), *pages], ([], "")


def _tuning_words(plan: Plan) -> str:
    """What follows the baselines: cells, trainings, network evaluations, about as many whichever
    of several baselines is the best."""
    able = [cell for cell in plan.cells if cell.may_win]
    if plan.experiment.finetune is None:
        return ""
    tuned, known = plan_finetune(plan, able[0]), {node.key for node in plan.nodes()}
    costs = [stage_cost(node) for node in in_order(tuned.ends()) if node.key not in known]
    trainings = {model.finetune.key for model in tuned.models}
    total = f"{sum(cost.evaluations for cost in costs):,}" if len(able) > 1 else _count(costs)
    about = f"about {total}" if len(able) > 1 else total
    cells = number_of(len(tuned.cells), "cell")
    return f"{cells} from {number_of(len(trainings), 'training')}, {about} network evaluations"


def print_plan(description: Description, *, every: bool = False) -> None:
    """Cells, stages and totals on stdout.

    Args:
        every: one line a stage, however many there are; else many are summed up by kind.
    """
    cells = description.plan.cells
    experiment = description.plan.experiment
    models = {cell.train.key for cell in cells}
    base, trained = experiment.base, number_of(len(models), "trained model")
    source = trained if base is None else f"the base {base}"
    said = f"{experiment.name}: {number_of(len(cells), 'cell')} from {source}"
    tell(said, experiment=experiment.name, cells=[cell.name for cell in cells])
    compute = description.plan.outside.compute
    threads = number_of(compute.threads, "thread")
    said = f"a stage computes with {threads}, networks on {compute.accelerator}"
    tell(said, threads=compute.threads, accelerator=compute.accelerator)
    made = [each.content() for each in description.choices.made]
    for each in description.choices.notes():
        tell(each, choices=made)
    if every or len(description.stages) <= LISTED:
        _print_stages(description.stages)
    else:
        _print_kinds(description.stages)
        tell(f"{len(description.stages):,} stages; `--all` lists them one by one")
    todo = [stage for stage in description.stages if not stage.published]
    total = _count([stage.evaluations for stage in todo])
    times = [stage.seconds for stage in todo if stage.seconds is not None]
    whole = number_of(len(description.stages), "stage")
    said = f"to run: {len(todo):,} of {whole}, {total} network evaluations"
    tell(said, to_run=len(todo), network_evaluations=sum(s.evaluations.evaluations for s in todo))
    if todo and times:
        unknown = len(todo) - len(times)
        more = f", and {number_of(unknown, 'stage')} that never ran here" if unknown else ""
        workers = number_of(experiment.runner.workers, "worker")
        seconds = max(sum(times) / experiment.runner.workers, longest_way(todo))
        said = f"estimated time: {_words(seconds)} on {workers}{more}"
        tell(said, estimated_seconds=seconds, stages_without_estimate=unknown)
    elif todo:
        said = "estimated time: unknown, nothing of the kind has run in this store yet"
        tell(said, estimated_seconds=None, stages_without_estimate=len(todo))
    if description.best:
        known = [s.node.stage for s in description.stages if s.node.stage in FOLLOWING]
        counted = f"; counted above: {listed([*dict.fromkeys(known)])}" if known else ""
        tell(f"the best cell is {description.best}{counted}", best=description.best)
    then, start = description.then
    if then:
        tell(f"then, on {start}: {', '.join(then)}", then=then)
    if description.tuning:
        tell(f"the fine-tune: {description.tuning}", finetune=description.tuning)
    for each in description.notes:
        tell(each, notes=description.notes)
    if description.warning:
        for line in f"note: {description.warning}".splitlines():
            tell(line, warning=description.warning)


def _print_stages(stages: Sequence[PlannedStage]) -> None:
    rows = []
    for stage in stages:
        work = _count([stage.evaluations]) if stage.evaluations.evaluations else ""
        time = "" if stage.published else _words(stage.seconds)
        rows.append((stage.node.name, "yes" if stage.published else "no", work, time))
    columns = ("stage", "published", EVALUATIONS, "estimated time")
    show(Table.of_texts("", columns, rows), stages=[_content(stage) for stage in stages])


def _content(stage: PlannedStage) -> dict[str, Any]:
    cost = stage.evaluations
    return {
        "name": stage.node.name,
        "stage": stage.node.stage,
        "key": stage.node.key,
        "published": stage.published,
        "network_evaluations": cost.evaluations,
        "certainty": cost.certainty,
        "estimated_seconds": stage.seconds,
    }


def _print_kinds(stages: Sequence[PlannedStage]) -> None:
    """A line for each kind of stage; evaluations and time are those of what is to run."""
    kinds: dict[str, list[PlannedStage]] = {}
    for stage in stages:
        kinds.setdefault(stage.node.stage, []).append(stage)
    rows = []
    for kind, members in kinds.items():
        todo = [stage for stage in members if not stage.published]
        costs = [stage.evaluations for stage in todo if stage.evaluations.evaluations]
        times = [stage.seconds for stage in todo if stage.seconds is not None]
        time = _words(sum(times) if len(times) == len(todo) else None) if todo else ""
        done = len(members) - len(todo)
        rows.append((kind, f"{len(members):,}", f"{done:,}", _count(costs) if costs else "", time))
    columns = ("stage", Column("how many", right=True), "published", EVALUATIONS, "estimated time")
    show(Table.of_texts("", columns, rows), stages=[_content(stage) for stage in stages])


def _unknown(data: DataSpec) -> str:
    return UNKNOWN


def _count(costs: Sequence[Cost]) -> str:
    """Their sum, no surer than the least sure of them."""
    certainties = {cost.certainty for cost in costs}
    unsure = next((word for word in ("about", "at most") if word in certainties), None)
    total = f"{sum(cost.evaluations for cost in costs):,}"
    return f"{unsure} {total}" if unsure else total


def _words(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
