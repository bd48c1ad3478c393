"""The plan in words: which stages a run would start, and how long they may take."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.manifest import read_manifest
from components.spec.cost import Cost, planned_cost
from components.spec.experiment import Experiment
from components.spec.plan import Node, Plan
from components.spec.sections.data import DataSpec
from components.store import Store
from flows.outside import plan_here
from flows.workspace import Workspace

UNKNOWN = "data not fetched"


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
    """A plan, its stages, and what it cannot know yet."""

    plan: Plan
    stages: list[PlannedStage]
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
    return Description(plan, stages, warning)


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
    return bool(model.spec["conditioning"]["encoder"] != "none")


def print_plan(description: Description) -> None:
    """Cells, stages and totals on stdout."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    cells = description.plan.cells
    experiment = description.plan.experiment
    models = {cell.train.key for cell in cells}
    beside = sum(not cell.may_win for cell in cells)
    told = f" ({beside} for reference, never the winner)" if beside else ""
    print(f"{experiment.name}: {len(cells)} cells{told} from {len(models)} trained models")
    table = Table("stage", "published", "network evaluations", "estimated time")
    for stage in description.stages:
        work = _count([stage.evaluations]) if stage.evaluations.evaluations else ""
        time = "" if stage.published else _words(stage.seconds)
        table.add_row(stage.node.name, "yes" if stage.published else "no", work, time)
    console.print(table, markup=False)
    todo = [stage for stage in description.stages if not stage.published]
    total = _count([stage.evaluations for stage in todo])
    known = [stage.seconds for stage in todo if stage.seconds is not None]
    print(f"to run: {len(todo)} of {len(description.stages)} stages, {total} network evaluations")
    if todo and known:
        unknown = len(todo) - len(known)
        more = f", and {unknown} stages that never ran here" if unknown else ""
        seconds = sum(known) / experiment.runner.workers
        print(f"estimated time: {_words(seconds)} on {experiment.runner.workers} workers{more}")
    elif todo:
        print("estimated time: unknown, nothing of the kind has run in this store yet")
    following = [name for name in ("finetune", "study") if getattr(experiment, name)]
    if following:
        print(f"then, on the best baseline: {', '.join([*following, 'report'])}")
    if description.warning:
        print(f"note: {description.warning}")


def _unknown(data: DataSpec) -> str:
    return UNKNOWN


def _speeds(store: Store) -> dict[str, list[tuple[int, float]]]:
    """stage → (network evaluations, seconds) of its latest runs in the store."""
    found: dict[str, list[tuple[int, float]]] = {}
    for path in sorted(store.root.glob("*/*/manifest.json"), key=lambda p: -p.stat().st_mtime):
        manifest = read_manifest(path.parent)
        runs = found.setdefault(manifest["stage"], [])
        if len(runs) < 8:
            runs.append((_done(path.parent, manifest), manifest["wall_seconds"]))
    return found


def _done(directory: Path, manifest: dict[str, Any]) -> int:
    """The network evaluations of a published stage; images record how many they took."""
    if manifest["stage"] == "sample":
        figures = json.loads((directory / "metrics.json").read_text())
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
