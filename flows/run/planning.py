"""The plan in words: which stages a run would start, and how long they may take."""

import heapq
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, number_of, visible
from components.files.json_file import read_object
from components.files.manifest import read_manifest, remedy
from components.spec.catalogue import CONDITIONERS
from components.spec.cost import Cost, planned_cost
from components.spec.experiment import Experiment
from components.spec.plan import Node, Plan
from components.spec.sections.data import DataSpec
from components.store import Store
from flows.run.captions import caption_notes
from flows.run.outside import plan_here
from flows.telling import tell
from flows.workspace import Workspace

UNKNOWN = "data not fetched"
LISTED = 100
"""Stages that are printed one by one; more are summed up."""

LATEST = 8
"""Runs of a stage in the store from which its time is estimated."""


@dataclass(frozen=True)
class PlannedStage:
    """One stage run of a plan.

    Attributes:
        seconds: what the store's latest runs of this stage took, scaled by their work;
            None when it has never run here.
    """

    node: Node
    published: bool
    evaluations: Cost
    seconds: float | None


@dataclass(frozen=True)
class Description:
    """A plan, its stages, what is to be said of its captions, and what it cannot know yet."""

    plan: Plan
    stages: list[PlannedStage]
    notes: list[str]
    warning: str | None


def describe_plan(experiment: Experiment, workspace: Workspace) -> Description:
    """Look at the plan and the store; nothing is run, fetched or written."""
    warning = None
    try:
        plan = plan_here(experiment, workspace)
    except AlphabarError as error:
        warning = str(error)
        plan = plan_here(experiment, workspace, _unknown)
    speeds = _speeds(workspace.store)
    nodes = plan.nodes()
    stages = [
        PlannedStage(node, workspace.store.has(node), evaluations(node), _estimate(node, speeds))
        for node in nodes
    ]
    notes = [] if warning else caption_notes(plan.cells, workspace)
    return Description(plan, stages, notes, warning)


def evaluations(node: Node) -> Cost:
    """Network evaluations (forward passes of one image) of a stage; a training step counts 3:
    the backward pass costs two forwards."""
    if node.stage in ("train", "finetune"):
        training = node.spec["training"]
        return Cost(3 * training["steps"] * training["batch_size"], "exactly")
    if node.stage == "sample":
        image = planned_cost(node.spec["sampling"], _conditional(node.inputs["model"]))
        return Cost(node.spec["samples"] * image.evaluations, image.certainty)
    return Cost(0, "exactly")


def _conditional(model: Node) -> bool:
    """Whether a trained model is told what to draw; a fine-tuned one is what its baseline is."""
    while "conditioning" not in model.spec:
        model = model.inputs["model"]
    return CONDITIONERS[model.spec["conditioning"]["encoder"]].conditional


def print_plan(description: Description, *, every: bool = False) -> None:
    """Cells, stages and totals on stdout.

    Args:
        every: one line a stage, however many there are; else many are summed up by kind.
    """
    cells = description.plan.cells
    experiment = description.plan.experiment
    models = {cell.train.key for cell in cells}
    trained = number_of(len(models), "trained model")
    tell(f"{experiment.name}: {number_of(len(cells), 'cell')} from {trained}")
    compute = description.plan.outside.compute
    threads = number_of(compute.threads, "thread")
    tell(f"a stage computes with {threads}, networks on {compute.accelerator}")
    if every or len(description.stages) <= LISTED:
        _print_stages(description.stages)
    else:
        _print_kinds(description.stages)
        tell(f"{len(description.stages):,} stages; `--all` lists them one by one")
    todo = [stage for stage in description.stages if not stage.published]
    total = _count([stage.evaluations for stage in todo])
    known = [stage.seconds for stage in todo if stage.seconds is not None]
    whole = number_of(len(description.stages), "stage")
    tell(f"to run: {len(todo):,} of {whole}, {total} network evaluations")
    if todo and known:
        unknown = len(todo) - len(known)
        more = f", and {number_of(unknown, 'stage')} that never ran here" if unknown else ""
        workers = number_of(experiment.runner.workers, "worker")
        seconds = sum(known) / experiment.runner.workers
        tell(f"estimated time: {_words(seconds)} on {workers}{more}")
    elif todo:
        tell("estimated time: unknown, nothing of the kind has run in this store yet")
    following = [name for name in ("finetune", "study") if getattr(experiment, name)]
    if following:
        tell(f"then, on the best baseline: {', '.join([*following, 'report'])}")
    for note in description.notes:
        tell(note)
    if description.warning:
        tell(f"note: {description.warning}")


def _print_stages(stages: Sequence[PlannedStage]) -> None:
    rows = []
    for stage in stages:
        work = _count([stage.evaluations]) if stage.evaluations.evaluations else ""
        time = "" if stage.published else _words(stage.seconds)
        rows.append((stage.node.name, "yes" if stage.published else "no", work, time))
    _print_table(("stage", "published", "network evaluations", "estimated time"), rows)


def _print_kinds(stages: Sequence[PlannedStage]) -> None:
    """A line for each kind of stage; evaluations and time are those of what is to run."""
    kinds: dict[str, list[PlannedStage]] = {}
    for stage in stages:
        kinds.setdefault(stage.node.stage, []).append(stage)
    rows = []
    for kind, members in kinds.items():
        todo = [stage for stage in members if not stage.published]
        costs = [stage.evaluations for stage in todo if stage.evaluations.evaluations]
        known = [stage.seconds for stage in todo if stage.seconds is not None]
        time = _words(sum(known) if len(known) == len(todo) else None) if todo else ""
        done = len(members) - len(todo)
        rows.append((kind, f"{len(members):,}", f"{done:,}", _count(costs) if costs else "", time))
    columns = ("stage", "how many", "published", "network evaluations", "estimated time")
    _print_table(columns, rows)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    table = Table(*columns)
    for row in rows:
        table.add_row(*(visible(cell) for cell in row))
    console.print(table, markup=False)


def _unknown(data: DataSpec) -> str:
    return UNKNOWN


def _speeds(store: Store) -> dict[str, list[tuple[int, float]]]:
    """stage → (network evaluations, seconds) of its latest runs in the store."""
    found: dict[str, list[tuple[int, float]]] = {}
    for folder in sorted(path for path in store.root.glob("[!.]*") if path.is_dir()):
        written = {path: path.stat().st_mtime for path in folder.glob("*/manifest.json")}
        for path in heapq.nlargest(LATEST, written, key=written.__getitem__):
            try:
                manifest = read_manifest(path.parent)
            except AlphabarError:  # an estimate does without; who uses the directory is told
                continue
            if {"stage", "spec", "wall_seconds"} <= manifest.keys():  # else another program's
                run = (_done(path.parent, manifest), manifest["wall_seconds"])
                found.setdefault(manifest["stage"], []).append(run)
    return found


def _done(directory: Path, manifest: dict[str, Any]) -> int:
    """The network evaluations of a published stage; images record how many they took."""
    if manifest["stage"] == "sample":
        figures = read_object(directory / "metrics.json", remedy(directory))
        drawn: float = figures["samples"] * figures["network_evaluations"]
        return round(drawn)
    return evaluations(Node("", manifest["stage"], manifest["spec"], {})).evaluations


def _estimate(node: Node, speeds: dict[str, list[tuple[int, float]]]) -> float | None:
    runs = speeds.get(node.stage)
    if not runs:
        return None
    work = evaluations(node).evaluations
    if work:
        return work * statistics.median(seconds / done for done, seconds in runs)
    return statistics.median(seconds for _, seconds in runs)


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
