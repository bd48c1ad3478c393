"""What a report is told of the run that puts it in place: its file, and where its records are."""

from pathlib import Path

import yaml

from components.reporting.occasion import Occasion, Recorded
from components.spec.plan import FinetunePlan, Plan
from components.spec.plan.auto import TRAINING, auto_words, autos
from flows.run.recorded import SweepRun
from flows.servers.mlflow_record import record_path
from flows.workspace import Workspace


def occasion(
    plan: Plan, workspace: Workspace, record: SweepRun | None, tuned: FinetunePlan | None = None
) -> Occasion:
    """The occasion of a run of ``plan`` here, whose record is ``record``."""
    given = plan.experiment.model_dump(mode="json", exclude_unset=True)
    settled = [*auto_words(cell.cell for cell in plan.cells), *_of_tuned(plan, tuned)]
    return Occasion(
        "".join(f"# {words}\n" for words in settled)
        + yaml.safe_dump(given, sort_keys=False, allow_unicode=True),
        _inside(workspace.file, workspace.root),
        _inside(workspace.reports(plan.experiment.name), workspace.root),
        _recorded(plan, workspace, record),
        tuple(settled),
    )


def _of_tuned(plan: Plan, tuned: FinetunePlan | None) -> list[str]:
    """What `auto` of the training section came to in the fine-tunes."""
    if tuned is None:
        return []
    model = tuned.models[0].finetune.inputs["model"].key
    best = next(cell for cell in plan.cells if cell.train.key == model)
    found = []
    for name, plain in autos(best.cell.written, TRAINING).items():
        sections = [each.finetune.spec["training"] for each in tuned.models]
        values = dict.fromkeys(section.get(name, plain) for section in sections)
        found.append(f"fine-tuning, training.{name}: {' or '.join(values)} (auto)")
    return found


def _inside(path: Path | None, root: Path) -> str:
    """``path`` from ``root``; outside it, its name alone, since no other place is anyone else's."""
    if path is None:
        return ""
    whole = (root / path).resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.name


def _recorded(plan: Plan, workspace: Workspace, found: SweepRun | None) -> Recorded | None:
    """Where the sweep's run is; with a server's address where one is given or runs here now."""
    uri, name = workspace.tracking_uri, plan.experiment.name
    if found is None:
        return None
    path = f"#/experiments/{found.experiment}/runs/{found.run}"
    if uri and uri.startswith(("http://", "https://")):
        return Recorded(name, path, uri.rstrip("/"))
    return Recorded(name, path, _served_here(workspace.root) if uri is None else "")


def _served_here(root: Path) -> str:
    """The address of the folder's own server; empty where none runs."""
    record = record_path(root)
    if not record.is_file():  # as most often: nothing is loaded to look for it
        return ""
    from flows.servers.processes import LOOPBACK, find

    server = find(record)
    return f"http://{LOOPBACK}:{server.port}" if server else ""
