"""What a run leaves behind, and how it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import read_object
from components.files.manifest import intact, remedy
from components.reporting.tables.table import Table
from components.spec.codec_files import DECIDING, JUDGEMENT
from components.spec.plan import FinetunePlan, Node, Plan, PlannedCell, in_order, plan_pages
from flows.run.studies import study_words
from flows.run.tuned_results import TunedResults, tuned_lines
from flows.run.tuned_table import tuned_table
from flows.telling import note, show, tell
from flows.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """What a run leaves behind.

    Attributes:
        failures: stage run name → what stopped it; the rest of the plan went on without it.
        stages_run: how many stages were not published before.
        stages: how many there are, each key once, the pages among them.
        registered: what became of each model that was registered, a sentence each.
        recorded: whether MLflow has the whole record.
        studies: where the folders of studies were put, the experiment's own first.
    """

    plan: Plan
    best: PlannedCell
    tuned: FinetunePlan | None
    report: Path
    failures: dict[str, Exception]
    stages_run: int
    stages: int
    registered: tuple[str, ...] = ()
    recorded: bool = True
    studies: tuple[Path, ...] = ()


def every_node(plan: Plan, tuned: FinetunePlan | None, pages: Sequence[Node]) -> list[Node]:
    """Each stage of a run once, inputs first: of the cells, of the fine-tune, and the pages."""
    return in_order([*plan.nodes(), *(tuned.ends() if tuned else ()), *pages])


def baselines_table(outcome: Outcome, workspace: Workspace) -> Table:
    """The cells that were evaluated, ranked."""
    from components.figures.record import read_judgement
    from components.figures.winner import REFERENCE
    from components.reporting.cells import stored_subject
    from components.reporting.tables.ranked_table import ranked_table

    store, metric = workspace.store, outcome.plan.ranked_by
    cells = [
        stored_subject(
            cell.name,
            store.path(cell.evaluate),
            store.path(cell.sample),
            "" if cell.may_win else REFERENCE,
        )
        for cell in outcome.plan.cells
    ]
    floors = read_judgement(store.path(outcome.best.reference)).figures
    return ranked_table(f"{outcome.plan.experiment.name}: baselines", cells, floors, metric)


def tuned_results(outcome: Outcome, workspace: Workspace) -> TunedResults | None:
    """What the fine-tunes came to; None where there are none."""
    if outcome.tuned is None:
        return None
    return TunedResults(outcome.plan, outcome.best, outcome.tuned, workspace.store)


def show_outcome(outcome: Outcome, workspace: Workspace) -> None:
    """Print the results table and the paths to look at."""
    name, metric = outcome.plan.experiment.name, outcome.plan.ranked_by
    table = baselines_table(outcome, workspace)
    show(table, experiment=name, metric=metric, sets=lambda: _sets(outcome, workspace))
    if tuned := tuned_results(outcome, workspace):
        show(tuned_table(tuned))
    for remark in training_remarks(outcome, workspace):
        note(remark)
    if took := training_time(outcome, workspace):
        tell(f"training {took}", training=took)
    codecs = codec_words(outcome, workspace)
    for line in codecs:
        tell(f"codec    {line}", codecs=codecs)
    tell(f"best     {outcome.best.name}", best=outcome.best.name)
    lines = tuned_lines(tuned) if tuned else []
    for number, line in enumerate(lines):
        tell(f"{'' if number else 'finetune':8} {line}", finetune=lines)
    stages = {"stages_planned": outcome.stages, "stages_run": outcome.stages_run}
    tell(f"stages   {stages_words(outcome)}", **stages)
    page = outcome.report / "index.html"
    tell(f"report   {page}", report=page)
    said = {str(folder): study_words(folder) for folder in outcome.studies}
    for folder in outcome.studies:
        analysis = folder / "analysis" / "index.html"
        what = f"analysed: {analysis}" if said[str(folder)] else "a page for each annotator"
        tell(f"study    {folder} ({what})", study=outcome.studies[0], studies=said)
        for sentence in said[str(folder)]:
            tell(f"         {sentence}")
    for line in outcome.registered:
        tell(f"registry {line}", registry=outcome.registered)
    where = workspace.tracking_uri or "`alphabar up` serves the runs"
    if not outcome.recorded:
        where += ", where the record lacks something: run again, and it is added"
    tell(f"MLflow   {where}", mlflow=workspace.tracking_uri, recorded=outcome.recorded)


def _sets(outcome: Outcome, workspace: Workspace) -> list[dict[str, Any]]:
    """Every figure of every set of images, as the report's results.csv has them."""
    from components.reporting.pages.report import every_figure
    from components.reporting.results import read
    from components.reporting.tables.nested import nested

    page, *_ = plan_pages(outcome.plan, outcome.best, outcome.tuned)
    inputs = {role: workspace.store.path(node) for role, node in page.inputs.items()}
    return nested(every_figure(read(page.settings, inputs)))


def what_stopped(error: Exception) -> str:
    """An error in words."""
    return error.what if isinstance(error, AlphabarError) else f"{type(error).__name__}: {error}"


def stages_words(outcome: Outcome) -> str:
    """How many stages ran, and how many had no need to."""
    there = outcome.stages - outcome.stages_run
    return f"{outcome.stages_run} run" + (f", {there} were published already" if there > 0 else "")


def codec_words(outcome: Outcome, workspace: Workspace) -> list[str]:
    """How well each learnt codec gives held-out images back; of several, with a cell that works on
    its latents."""
    from components.figures.record import read_judgement

    learnt: dict[str, tuple[str, Node]] = {}
    for cell in outcome.plan.cells:
        if node := cell.train.inputs.get("autoencoder"):
            learnt.setdefault(node.key, (cell.name, node))
    found = []
    for name, node in learnt.values():
        figure = read_judgement(workspace.store.path(node) / JUDGEMENT).figures[DECIDING]
        whose = f"{name}: " if len(learnt) > 1 else ""
        found.append(f"{whose}gives held-out images back with {figure.text()} dB PSNR")
    return found


def training_remarks(outcome: Outcome, workspace: Workspace) -> list[str]:
    """One line a trained model whose evaluations ended training early or were missed."""
    from components.reporting.words.watching import remarks

    found = []
    for node in _trained(outcome):
        path = workspace.store.path(node) / "metrics.json"
        if path.is_file() and (words := remarks(read_object(intact(path), remedy(path.parent)))):
            found.append(f"{node.name.replace('-', ' ', 1)}: {words}")
    return found


def training_time(outcome: Outcome, workspace: Workspace) -> str:
    """Which share of the training time evaluations took; empty where there were none."""
    from components.reporting.words.watching import time_taken
    from components.training.stopwatch import read_seconds

    return time_taken(read_seconds(workspace.store.path(node)) for node in _trained(outcome))


def _trained(outcome: Outcome) -> list[Node]:
    """The stages that trained something, each key once."""
    tuned = [model.finetune for model in outcome.tuned.models] if outcome.tuned else []
    nodes = outcome.plan.nodes() + tuned
    return list({n.key: n for n in nodes if n.stage in ("train", "finetune")}.values())
