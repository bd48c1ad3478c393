"""A registered version behind a gate, and the way back: `alphabar promote` and `rollback`."""

from typing import TYPE_CHECKING

from components.errors import AlphabarError
from components.spec.experiment import RegistrySpec
from components.spec.gate import Gate, load_gate
from components.spec.recorded_names import no_champion, unknown_model, unknown_version
from flows import telling
from flows.run.known_names import known_versions, missing_store, store_address
from flows.tools.study_place import study_folder
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.tracking.promotion import Promotion, Rollback
    from components.tracking.runs import Tracker


GIVE_WAY = {"reason": 3.0, "champion": 2.0, "baseline": 2.0, "difference": 1.0}
"""Columns that a narrow terminal does without, the first one first; why a condition failed is told
below the table."""


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
    study: str | None,
    workspace: Workspace,
    *,
    dry_run: bool,
) -> "Promotion":
    """Hold a version of ``model`` against ``gate``; the study is read before anything is written.

    Raises:
        AlphabarError: there is no such version, or the study is not readable or is not about it.
    """
    known = known_versions(workspace) or {}
    if model in known and version not in known[model]:
        raise unknown_version(store_address(workspace), model, version, known)
    win_rate, tracker = None, _registry(model, workspace)
    from components.preference.verdict import read_study
    from components.tracking.promotion import promote
    from components.tracking.versions import find_version

    if study:
        with tracker.talking():
            meant = find_version(tracker, model, version)
        asked = gate.preference.question if gate.preference else None
        folder = study_folder(study, workspace)
        win_rate = read_study(folder, f"{model} version {meant.version}", meant.tags, asked)
        version = str(meant.version)  # the alias may move on meanwhile
    return promote(tracker, model, gate, version, win_rate, dry_run=dry_run)


def roll_back(model: str, workspace: Workspace) -> "Rollback":
    """Give the championship back. Raises AlphabarError where there is nobody to give it to."""
    if (there := (known_versions(workspace) or {}).get(model)) and "champion" not in there:
        raise no_champion(model)
    tracker = _registry(model, workspace)
    from components.tracking.promotion import rollback

    return rollback(tracker, model)


def show(promotion: "Promotion", *, dry_run: bool) -> None:
    """Print the table of conditions and what follows from it."""
    from components.reporting.tables.table import Column, Table
    from components.tracking.decision_log import lines
    from components.tracking.fields import brief
    from components.tracking.promotion_words import outcome, title, told_case

    case = told_case(promotion)
    columns = [Column(name, gives_way=GIVE_WAY.get(name, 0.0)) for name in case.columns]
    table = Table.of_texts(title(promotion), columns, lines(case.decision.conditions, brief))
    failed = [each for each in case.decision.conditions if not each.passed]
    table = table.without_empty_columns().noted(*(f"{c.metric}: {c.reason}" for c in failed))
    telling.show(table, **case.content())
    said = outcome(promotion, dry_run=dry_run)
    telling.tell(said, outcome=said, was_champion=promotion.was_champion, dry_run=dry_run)


def _registry(model: str, workspace: Workspace) -> "Tracker":
    if "@" in model:
        name, _, version = model.partition("@")
        raise AlphabarError(
            f"{model} is more than a model's name", f"give {name}, and the version as {version}"
        )
    if local := missing_store(workspace):
        raise AlphabarError(
            f"nothing is registered here: {local} does not exist",
            "run an experiment with `registry.model`, go to its folder, or set MLFLOW_TRACKING_URI",
        )
    if (known := known_versions(workspace)) is not None and model not in known:
        raise unknown_model(store_address(workspace), model, known)
    from components.tracking.connection import connect
    from components.tracking.versions import registered_versions

    tracker = connect(workspace.tracking_uri, workspace.root)
    if known is None and model not in (there := registered_versions(tracker)):
        raise unknown_model(tracker.address, model, there)
    return tracker
