"""A registered version behind a gate, and the way back: `alphabar promote` and `rollback`."""

from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError
from components.spec.gate import Gate, load_gate
from components.spec.models import RegistrySpec
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.tracking.gate import WinRate
    from components.tracking.promotion import Promotion, Rollback
    from components.tracking.runs import Tracker

KEY_FILE, ANSWERS = "key.csv", "results"


def registry_gate(registry: RegistrySpec, workspace: Workspace) -> Gate | None:
    """The gate that an experiment names for its winner; None where it names none.

    Raises:
        AlphabarError: the file is missing or broken.
    """
    return load_gate(workspace.root / registry.gate) if registry.gate else None


def promote_version(
    model: str,
    gate: Gate,
    version: str,
    study: Path | None,
    workspace: Workspace,
    *,
    dry_run: bool,
) -> "Promotion":
    """Hold a version of ``model`` against ``gate``; the study is read before anything is written.

    Raises:
        AlphabarError: there is no such version, or the study is not readable.
    """
    win_rate = read_study(study) if study else None
    from components.tracking.promotion import promote

    return promote(_registry(model, workspace), model, gate, version, win_rate, dry_run=dry_run)


def roll_back(model: str, workspace: Workspace) -> "Rollback":
    """Give the championship back. Raises AlphabarError where there is nobody to give it to."""
    from components.tracking.promotion import rollback

    return rollback(_registry(model, workspace), model)


def read_study(folder: Path) -> "WinRate":
    """The win rate of a study's fine-tuned model.

    Args:
        folder: the annotators' CSV files, with the study's key.csv in the folder above; or the
            study's own folder, with key.csv in it and the answers in ``results/``.

    Raises:
        AlphabarError: a file is missing, or is not of its kind.
    """
    from components.preference.analysis import analyse
    from components.tracking.gate import WinRate

    if (folder / KEY_FILE).is_file():
        folder = folder / ANSWERS
    key, answers = folder.parent / KEY_FILE, sorted(folder.glob("*.csv"))
    if not key.is_file() or not answers:
        missing = f"answers (*.csv) in {folder}" if key.is_file() else f"{key}"
        raise AlphabarError(
            f"the study has no {missing}",
            "put the annotators' responses.csv files into STUDY/results, beside STUDY/key.csv, "
            "and give --study STUDY/results",
        )
    found = analyse(answers, key)
    choices = found.wins + found.losses
    return WinRate(found.rate, found.low, found.high, found.confidence, choices)


def show(promotion: "Promotion", *, dry_run: bool) -> None:
    """Print the table of conditions and what follows from it."""
    from components.reporting.table import Table
    from components.tracking.decision_log import COLUMNS, cells, headline
    from flows.results import print_table

    case = promotion.case
    print_table(Table(COLUMNS, tuple(cells(case.decision.rows)), ()), headline(case))
    print(_outcome(promotion, dry_run=dry_run))


def _outcome(promotion: "Promotion", *, dry_run: bool) -> str:
    case = promotion.case
    if case.decision.promote:
        if promotion.was_champion:
            return f"{case.model} version {case.version} is champion already"
        verb = "would be" if dry_run else "is now"
        text = f"{case.model} version {case.version} {verb} champion"
    elif promotion.was_champion:
        text = (
            f"{case.model} version {case.version} is champion and does not pass the gate; "
            f"`alphabar rollback {case.model}` takes it back"
        )
    else:
        text = f"{case.model} version {case.version} does not become champion"
    return f"{text} (dry run: nothing is written)" if dry_run else text


def _registry(model: str, workspace: Workspace) -> "Tracker":
    if "@" in model:
        name, _, version = model.partition("@")
        raise AlphabarError(
            f"{model} is more than a model's name", f"give {name}, and the version as {version}"
        )
    local = workspace.root / "mlruns" / "mlflow.db"
    if workspace.tracking_uri is None and not local.is_file():
        raise AlphabarError(
            f"nothing is registered here: {local} does not exist",
            "run an experiment with `registry.model`, go to its folder, or set MLFLOW_TRACKING_URI",
        )
    from components.tracking.connection import connect

    return connect(workspace.tracking_uri, workspace.root)
