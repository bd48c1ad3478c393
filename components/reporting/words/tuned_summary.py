"""What became of the fine-tunes, for the head of the page: which is chosen, and whether it is any
better than its base."""

from components.figures.beside_base import by_likeness
from components.figures.figure import main_metric, readable
from components.figures.likeness import Likeness
from components.figures.limits import drift_in
from components.figures.standing import BETTER, NOISE, WORSE, Standing, between
from components.reporting.finetuned import Finetuned
from components.reporting.words.naming import capital
from components.reporting.words.recognised import recognised

UNTOLD = "The chosen one cannot be told from its base."


def about_tuned(tuned: Finetuned, metric: str | None) -> str:
    """Which fine-tune is chosen and by what, how it stands to its base, and what it costs that.

    Args:
        metric: the distance that ranks.
    """
    parts = [tuned.why, _of_likeness(tuned, metric) or _of_distance(tuned), _drift(tuned, metric)]
    return " ".join(filter(None, parts))


def _of_likeness(tuned: Finetuned, metric: str | None) -> str:
    """How much the chosen one's images are like its subject; empty where it was taught none."""
    judge = _judge(tuned, metric)
    learnt = {name: each.likeness for name, each in tuned.learnt.items() if judge in each.likeness}
    if tuned.chosen.model not in learnt:
        return ""
    found = learnt[tuned.chosen.model][judge]
    less = found.difference
    by = f"the difference is {less.value:+.3f} {less.interval('+')}"
    text = (
        f"The chosen one has a likeness to the subject ({judge}) of {found.tuned.text()}, its base "
        f"at the same seeds {found.baseline.text()}: {by}."
    )
    return f"{text} {_verdict(found)}{_of_the_others([each[judge] for each in learnt.values()])}"


def _verdict(found: Likeness) -> str:
    beside = by_likeness(found)
    return UNTOLD if beside.kind == NOISE else f"The chosen one {beside.verdict}."


def _of_the_others(likenesses: list[Likeness]) -> str:
    """That no fine-tune is more like the subject than its base, where there are several."""
    if len(likenesses) < 2 or any(each.difference.low > 0 for each in likenesses):
        return ""
    return f" None of the {len(likenesses)} is shown to be more like the subject than its base."


def _of_distance(tuned: Finetuned) -> str:
    """What became of the distance to the new holdout."""
    before, after, floors = tuned.baseline, tuned.figures, tuned.floors
    metric = main_metric(after)
    if metric is None or metric not in before:
        return ""
    standing = between(after[metric], before[metric])
    on, whose = (f" on the style {tuned.style}", "that style's") if tuned.style else ("", "the")
    text = (
        f"{capital(tuned.words.act)}{on} took the {readable(metric)} to {whose} holdout from "
        f"{before[metric].text()} to {after[metric].text()}, {_apart(standing)}"
    )
    if metric in floors:
        text += f"; the floor there is {floors[metric].short()}"
    told = {
        NOISE: UNTOLD,
        WORSE: "The chosen one is farther from the new data than its base.",
    }.get(standing.kind, "")
    real = f"the real {tuned.style} images" if tuned.style else "the real images"
    own = recognised(after, real, f"of the {tuned.words.done} model's samples")
    return " ".join(filter(None, [f"{text}.", told, *own]))


def _apart(standing: Standing) -> str:
    """How the distance after stands to that before: ``better beyond noise``."""
    known = {BETTER: "better ", WORSE: "worse "}
    return f"{known.get(standing.kind, '')}{standing.how_far}"


def _drift(tuned: Finetuned, metric: str | None) -> str:
    """How far the chosen one has gone from its base, and whether it keeps the file's limits."""
    drift = drift_in(tuned.drifts[tuned.best].figures, metric) if tuned.drifts and metric else None
    limits = "the file's limits"
    kept = ""
    if tuned.kept:
        kept = f"it {'keeps' if tuned.kept[tuned.best] else 'does not keep'} {limits}"
    if drift is None:
        return f"{capital(kept)}." if kept else ""
    return f"Its {readable(drift.metric)} is {drift.text()}{f'; {kept}' if kept else ''}."


def _judge(tuned: Finetuned, metric: str | None) -> str:
    """Who judges ``metric``."""
    figure = tuned.figures.get(metric or "")
    return (figure.protocol.extractor if figure else "") or ""
