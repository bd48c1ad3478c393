"""Promotion behind a gate, and the way back: who is champion, who was, and why."""

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from components.errors import AlphabarError
from components.figures.win_rate import WinRate
from components.files.json_file import parse_json
from components.spec.gate import Gate
from components.spec.record_tags import CLIP
from components.spec.recorded_names import no_champion
from components.tracking.decision_log import Case, log_decision
from components.tracking.gate import decide
from components.tracking.runs import Tracker
from components.tracking.versions import (
    BASELINE,
    CANDIDATE,
    CHAMPION,
    STARTED_FROM,
    check_files,
    figures_of,
    find_version,
)

PROMOTED = "gate.promoted"
"""Version tag, written last: whether it passed the latest decision, and was not rolled back."""

ROLLED_BACK = "gate.rolled_back"
"""Version tag: when it lost the championship by a rollback, and to which version; gone once it
is champion again."""

HISTORY = "alphabar.champions"
"""Tag of the registered model: the champions from the first to the present, as JSON."""

LONGEST_HISTORY = 500


@dataclass(frozen=True)
class Promotion:
    """What a gate decided about a version.

    Attributes:
        case: the decision with all that it follows from.
        was_champion: whether the version had the alias before.
        earlier: the champion that a rollback would restore, where the version had the alias;
            None when there is none.
    """

    case: Case
    was_champion: bool
    earlier: str | None = None


@dataclass(frozen=True)
class Rollback:
    """Who lost the championship, and who has it again."""

    before: str
    now: str


def promote(
    tracker: Tracker,
    model: str,
    gate: Gate,
    version: str = CANDIDATE,
    study: WinRate | None = None,
    *,
    dry_run: bool = False,
) -> Promotion:
    """Hold a version against ``gate`` and the present champion; make it champion if it passes.

    Where there is no champion, a fine-tune is held against the baseline that it started from.

    A version that is champion already is held against the one that it replaced (the last that is
    still there), so that a second call decides as the first did and changes nothing. A champion
    that fails stays champion: `rollback` is what takes it back. Aliases are set last, so that a
    kill in between leaves the present champion; the next call goes on from there.

    Args:
        version: a number or an alias.
        study: the version's win rate, where there was a study.
        dry_run: decide and write nothing.

    Raises:
        AlphabarError: there is no such version, or its files or its record are gone or broken.
    """
    alone = contextlib.nullcontext() if dry_run else tracker.exclusive()
    with tracker.talking(), alone:
        found = find_version(tracker, model, version)
        check_files(tracker, found)
        done = _judge(tracker, found, gate, study)
        if not dry_run:
            settle(tracker, found, done.case)
        return done


def rollback(tracker: Tracker, model: str) -> Rollback:
    """Give the championship back to the one before; versions that were deleted are passed over.

    The tags of both say so: what was rolled back is not promoted any more, and what is restored
    is as it was before it was rolled back itself.

    Raises:
        AlphabarError: there is no champion, or none before it.
    """
    with tracker.talking(), tracker.exclusive():
        client = tracker.client
        now = client.get_registered_model(model).aliases.get(CHAMPION)
        if now is None:
            raise no_champion(model)
        now = str(now)
        history, restored = _earlier(client, model)
        if restored is None:
            raise AlphabarError(
                f"{model} version {now} is champion, and there was none before it",
                f"promote another version: `alphabar promote {model} --gate gates.yaml "
                "--version N`",
            )
        again = str(restored.version)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        client.set_model_version_tag(model, now, PROMOTED, "false")
        client.set_model_version_tag(model, now, ROLLED_BACK, f"{when}, to version {again}")
        if ROLLED_BACK in restored.tags:
            client.set_model_version_tag(model, again, PROMOTED, "true")
            client.delete_model_version_tag(model, again, ROLLED_BACK)
        # the alias first: `champions` drops an end of the history that has not the alias
        client.set_registered_model_alias(model, CHAMPION, again)
        _remember(client, model, history)
        return Rollback(now, again)


def champions(client: MlflowClient, model: str) -> list[str]:
    """The champions, from the first to the present.

    Mends what a kill left: an end of the history that never got, or has lost, the alias is
    dropped. A champion that somebody made by hand is added.
    """
    registered = client.get_registered_model(model)
    present = registered.aliases.get(CHAMPION)
    try:
        history = [str(int(number)) for number in parse_json(registered.tags[HISTORY])]
    except (KeyError, ValueError, TypeError):  # nobody was champion yet, or somebody's own tag
        history = []
    if present is None:
        return history
    if history and history[-1] != str(present) and history[-2:-1] == [str(present)]:
        return history[:-1]
    return history if history[-1:] == [str(present)] else [*history, str(present)]


def settle(tracker: Tracker, version: ModelVersion, case: Case) -> None:
    """Record ``case``, make the version champion if it passed, and say so in its last tag.

    Every step is left out that was done before, so a call after a kill completes it.
    """
    client, number = tracker.client, str(version.version)
    log_decision(client, version, case)
    registered = client.get_registered_model(case.model)
    if case.decision.promote and str(registered.aliases.get(CHAMPION)) != number:
        history = champions(client, case.model)
        _remember(client, case.model, history if history[-1:] == [number] else [*history, number])
        client.set_registered_model_alias(case.model, CHAMPION, number)
    outcome = str(case.decision.promote).lower()
    if case.decision.promote and ROLLED_BACK in version.tags:
        client.delete_model_version_tag(case.model, number, ROLLED_BACK)
    if version.tags.get(PROMOTED) != outcome:
        client.set_model_version_tag(case.model, number, PROMOTED, outcome)


def judge_registered(tracker: Tracker, version: ModelVersion, gate: Gate) -> Case:
    """The decision about a version that was registered just now."""
    return _judge(tracker, version, gate, None).case


def _judge(tracker: Tracker, version: ModelVersion, gate: Gate, study: WinRate | None) -> Promotion:
    client, model, number = tracker.client, version.name, str(version.version)
    present = client.get_registered_model(model).aliases.get(CHAMPION)
    was_champion = present is not None and str(present) == number
    if was_champion:
        _, champion = _earlier(client, model)
    else:
        champion = _version(client, model, str(present)) if present else None
    baseline = None if champion else version.tags.get(STARTED_FROM)
    rival = figures_of(tracker, champion) if champion else None
    if baseline:
        rival = figures_of(tracker, version, BASELINE)
    called = BASELINE if baseline else CHAMPION
    mine, clip = figures_of(tracker, version), version.tags.get(CLIP, "")
    decision = decide(gate, mine, rival, study, called, clip)
    opponent = str(champion.version) if champion else None
    case = Case(model, number, opponent, gate, decision, baseline)
    return Promotion(case, was_champion, opponent if was_champion else None)


def _earlier(client: MlflowClient, model: str) -> tuple[list[str], ModelVersion | None]:
    """The champions before the present one that still are there, up to the last such, and it."""
    history = champions(client, model)[:-1]
    while history:
        found = _version(client, model, history[-1])
        if found is not None:
            return history, found
        history.pop()
    return history, None


def _remember(client: MlflowClient, model: str, history: list[str]) -> None:
    client.set_registered_model_tag(model, HISTORY, json.dumps(history[-LONGEST_HISTORY:]))


def _version(client: MlflowClient, model: str, number: str) -> ModelVersion | None:
    try:
        return client.get_model_version(model, number)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
