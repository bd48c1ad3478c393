"""What became of a version at its gate, in words."""

from dataclasses import replace

from components.tracking.decision_log import Case, headline
from components.tracking.gate import NO_CHAMPION
from components.tracking.promotion import Promotion

FIRST = "it is the champion, and nobody was before it"
"""Why a comparison passes of the first champion."""


def title(promotion: Promotion) -> str:
    """The headline over the conditions."""
    return (_of_champion if promotion.was_champion else headline)(promotion.case)


def told_case(promotion: Promotion) -> Case:
    """The case as it is told: of a champion without one before it not that there was no champion,
    for it is one."""
    case = promotion.case
    if not promotion.was_champion:
        return case
    held = tuple(
        replace(each, reason=FIRST) if each.reason == NO_CHAMPION else each
        for each in case.decision.conditions
    )
    return replace(case, decision=replace(case.decision, conditions=held))


def outcome(promotion: Promotion, *, dry_run: bool) -> str:
    """What follows from the decision, in a sentence."""
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


def _of_champion(case: Case) -> str:
    """The headline where the version itself is champion: whom is it held against?"""
    before = f"held against version {case.champion}, which it replaced"
    how = before if case.champion else "and there was none before it"
    if case.baseline:
        how = f"held against its baseline ({case.baseline})"
    outcome = "it passes the gate" if case.decision.promote else "it does not pass the gate"
    return f"{case.model} version {case.version} is champion already, {how}: {outcome}"
