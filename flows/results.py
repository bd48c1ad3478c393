"""What a run leaves behind, and how it is told."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.spec.plan import FinetunePlan, Node, Plan, PlannedCell
from components.store import Store
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.reporting.table import Table


@dataclass(frozen=True)
class Outcome:
    """What a run leaves behind.

    Attributes:
        failures: stage run name → what stopped it; the rest of the plan went on without it.
        stages_run: how many stages were not published before.
    """

    plan: Plan
    best: PlannedCell
    tuned: FinetunePlan | None
    report: Path
    failures: dict[str, Exception]
    stages_run: int
    registered: str | None


def show_outcome(outcome: Outcome, workspace: Workspace) -> None:
    """Print the results table and the paths to look at."""
    from components.reporting.table import results_table

    store = workspace.store
    rows = [(cell.name, cell_content(store, cell.evaluate)) for cell in outcome.plan.cells]
    floor = cell_content(store, outcome.best.reference)
    print_table(results_table(rows, floor), f"{outcome.plan.experiment.name}: baselines")
    if outcome.tuned:
        tuned = outcome.tuned
        rows = [("baseline", cell_content(store, tuned.evaluate_baseline))]
        for cell in tuned.cells:
            named = f", {_steps(cell.sampling.steps)}" if len(tuned.cells) > 1 else ""
            rows.append((f"fine-tuned{named}", cell_content(store, cell.evaluate)))
        finetune = outcome.plan.experiment.finetune
        assert finetune is not None
        style = finetune.style or outcome.plan.experiment.data.style
        floor = cell_content(store, tuned.reference)
        title = f"against the holdout of style {style}" if style else "against the holdout"
        print_table(results_table(rows, floor), title)
    print(f"best     {outcome.best.name}")
    print(f"stages   {outcome.stages_run} run, the others were published already")
    print(f"report   {outcome.report / 'index.html'}")
    if (outcome.report / "study").is_dir():
        print(f"study    {outcome.report / 'study' / 'index.html'}")
    if outcome.registered:
        print(f"registry {outcome.registered}")
    where = workspace.tracking_uri or "`alphabar up` serves the runs"
    print(f"MLflow   {where}")


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"


def cell_content(store: Store, evaluate: Node) -> dict[str, Any]:
    """An evaluated cell's metrics.json, with its network evaluations where it was sampled."""
    content: dict[str, Any] = json.loads((store.path(evaluate) / "metrics.json").read_text())
    samples = evaluate.inputs.get("samples")
    if samples:
        drawn = json.loads((store.path(samples) / "metrics.json").read_text())
        content["network_evaluations"] = drawn["network_evaluations"]
    return content


def print_table(table: "Table", title: str) -> None:
    """The table on stdout; as wide as it needs when that is not a terminal."""
    from rich.console import Console
    from rich.table import Table as RichTable

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=240)
    rich = RichTable(*table.columns, title=title, title_justify="left")
    for row in table.rows:
        rich.add_row(*row)
    console.print(rich, markup=False)
    for note in table.notes:
        print(f"note: {note}")
