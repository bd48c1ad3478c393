"""What became of a version at its gate, in words."""

from components.tracking.decision_log import Case, headline
from components.tracking.promotion import Promotion


def title(promotion: Promotion) -> str:
    """The headline over the conditions."""
    return (_of_champion if promotion.was_champion else headline)(promotion.case)


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
    how = before if case.champion else "compared with nobody"
    if case.baseline:
        how = f"held against its baseline ({case.baseline})"
    outcome = "accepted" if case.decision.promote else "rejected"
    return f"{case.model} version {case.version} is champion already, {how}: {outcome}"
