"""The plan in words: which stages a run would start, and how long they may take."""

import statistics
from dataclasses import dataclass

from components.data.pin import pinned_hashes
from components.errors import AlphabarError
from components.spec.models import DataSpec, Experiment
from components.spec.plan import Node, Plan, plan_baselines
from components.store import Store
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
    evaluations: int
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
        plan = plan_baselines(experiment, pinned_hashes(workspace.root))
    except AlphabarError as error:
        warning = str(error)
        plan = plan_baselines(experiment, _unknown)
    speeds = _speeds(workspace.store)
    nodes = plan.nodes()
    stages = [
        PlannedStage(node, workspace.store.has(node), evaluations(node), _estimate(node, speeds))
        for node in nodes
    ]
    return Description(plan, stages, warning)


def evaluations(node: Node) -> int:
    """Network evaluations (forward passes of one image) of a stage; a training step counts 3:
    the backward pass costs two forwards."""
    if node.stage in ("train", "finetune"):
        training = node.spec["training"] | {
            k: v for k, v in node.spec.items() if k in ("steps", "batch_size")
        }
        return int(3 * training["steps"] * training["batch_size"])
    if node.stage == "sample":
        sampling = node.spec["sampling"]
        twice = 1 if sampling["guidance"] in (0, 1) else 2
        return int(node.spec["samples"] * sampling["steps"] * twice)
    return 0


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
    print(f"{experiment.name}: {len(cells)} cells from {len(models)} trained models")
    table = Table("stage", "published", "network evaluations", "estimated time")
    for stage in description.stages:
        work = f"{stage.evaluations:,}" if stage.evaluations else ""
        time = "" if stage.published else _words(stage.seconds)
        table.add_row(stage.node.name, "yes" if stage.published else "no", work, time)
    console.print(table, markup=False)
    todo = [stage for stage in description.stages if not stage.published]
    total = sum(stage.evaluations for stage in todo)
    known = [stage.seconds for stage in todo if stage.seconds is not None]
    print(f"to run: {len(todo)} of {len(description.stages)} stages, {total:,} network evaluations")
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
    from components.store import read_manifest

    found: dict[str, list[tuple[int, float]]] = {}
    for path in sorted(store.root.glob("*/*/manifest.json"), key=lambda p: -p.stat().st_mtime):
        manifest = read_manifest(path.parent)
        runs = found.setdefault(manifest["stage"], [])
        if len(runs) < 8:
            node = Node("", manifest["stage"], manifest["spec"], {})
            runs.append((evaluations(node), manifest["wall_seconds"]))
    return found


def _estimate(node: Node, speeds: dict[str, list[tuple[int, float]]]) -> float | None:
    runs = speeds.get(node.stage)
    if not runs:
        return None
    work = evaluations(node)
    if work:
        return work * statistics.median(seconds / done for done, seconds in runs)
    return statistics.median(seconds for _, seconds in runs)


def _words(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
