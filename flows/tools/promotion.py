"""A registered version behind a gate, and the way back: `alphabar promote` and `rollback`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError
from components.spec.experiment import RegistrySpec
from components.spec.gate import Gate, load_gate
from components.spec.keys import digest
from flows import telling
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.preference.models import Side
    from components.tracking.decision_log import Case
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
        AlphabarError: there is no such version, or the study is not readable or is not about it.
    """
    win_rate, tracker = None, _registry(model, workspace)
    from components.tracking.promotion import promote
    from components.tracking.versions import find_version

    if study:
        with tracker.talking():
            meant = find_version(tracker, model, version)
        win_rate = read_study(study, f"{model} version {meant.version}", meant.tags)
        version = str(meant.version)  # the alias may move on meanwhile
    return promote(tracker, model, gate, version, win_rate, dry_run=dry_run)


def roll_back(model: str, workspace: Workspace) -> "Rollback":
    """Give the championship back. Raises AlphabarError where there is nobody to give it to."""
    from components.tracking.promotion import rollback

    return rollback(_registry(model, workspace), model)


def read_study(folder: Path, who: str, tags: Mapping[str, str]) -> "WinRate":
    """The win rate that a study gives to a registered version.

    Args:
        folder: the annotators' CSV files, with the study's key.csv in the folder above; or the
            study's own folder, with key.csv in it and the answers in ``results/``.
        who: the version, for messages.
        tags: the version's, which say what trained it and how its images were drawn.

    Raises:
        AlphabarError: a file is missing or not of its kind, or the version is not one of the
            study's two models.
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
    side = _side(folder.parent, who, tags)
    found = analyse(answers, key)
    choices = found.wins + found.losses
    rate = WinRate(
        found.rate, found.low, found.high, found.confidence, choices, without=found.without
    )
    return rate.of_baseline() if side == "baseline" else rate


def _side(study: Path, who: str, tags: Mapping[str, str]) -> str:
    """Which of the study's two models the version with these tags is; raises AlphabarError."""
    from components.preference.models import read_models
    from components.tracking.versions import SAMPLED_WITH, STAGE_KEY

    sides, trained = read_models(study), tags.get(STAGE_KEY)
    if trained is None:
        raise AlphabarError(
            f"{who} does not say which training it is of (tag {STAGE_KEY}), so nobody knows "
            f"whether the study in {study} is about it",
            "register it with `alphabar run`, or promote it without --study",
        )
    drawn = tags.get(SAMPLED_WITH)  # versions of before have none: the network alone decides
    found = [
        name
        for name, side in sides.items()
        if side and side.model == trained and drawn in (None, digest(dict(side.sampling)))
    ]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(f"{name}: {_named(side)}" for name, side in sides.items())
    trouble = "both models of" if found else "neither of the two models of"
    raise AlphabarError(
        f"{who} is {trouble} the study in {study}, so its win rate is not known ({shown}; the "
        f"version: model {trained[:12]})",
        "give a study of which one side is that version, drawn with its own sampling settings: "
        "`study` in its experiment file, or `alphabar study export` of two published `sample` "
        "folders of the store",
    )


def _named(side: "Side | None") -> str:
    return f"model {side.model[:12]}, sample {side.sample[:12]}" if side else "not recorded"


def show(promotion: "Promotion", *, dry_run: bool) -> None:
    """Print the table of conditions and what follows from it."""
    from components.reporting.tables.table import Table
    from components.tracking.decision_log import COLUMNS, headline, lines

    case = promotion.case
    title = _of_champion(case) if promotion.was_champion else headline(case)
    telling.show(Table.of_texts(title, COLUMNS, lines(case.decision.conditions)))
    telling.tell(_outcome(promotion, dry_run=dry_run))


def _of_champion(case: "Case") -> str:
    """The headline where the version itself is champion: whom is it held against?"""
    before = f"held against version {case.champion}, which it replaced"
    how = before if case.champion else "compared with nobody"
    outcome = "accepted" if case.decision.promote else "rejected"
    return f"{case.model} version {case.version} is champion already, {how}: {outcome}"


def _outcome(promotion: "Promotion", *, dry_run: bool) -> str:
    case = promotion.case
    if case.decision.promote:
        verb = "would be champion" if dry_run else "is now champion"
        if promotion.was_champion:
            verb = "is champion already"
        text = f"{case.model} version {case.version} {verb}"
    elif promotion.was_champion:
        text = (
            f"{case.model} version {case.version} is champion and does not pass the gate; "
            + _way_back(case.model, promotion.earlier)
        )
    else:
        text = f"{case.model} version {case.version} does not become champion"
    return f"{text} (dry run: nothing is written)" if dry_run else text


def _way_back(model: str, earlier: str | None) -> str:
    if earlier is None:
        return "it stays champion, and there is none before it to go back to"
    return f"`alphabar rollback {model}` makes version {earlier} champion again"


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
