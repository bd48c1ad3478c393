"""The part of the page that tells fine-tunes apart: which adapts more, and which drifts more."""

from collections.abc import Callable, Sequence
from typing import Any

from components.figures.figure import first_of, sign
from components.figures.judgement import Figures
from components.figures.limits import drift_in
from components.figures.standing import Standing, standings
from components.reporting.finetuned import Finetuned
from components.reporting.learnt_subject import LearntSubject
from components.reporting.tables.difference_table import differences_from
from components.reporting.words.adaptation import adaptation
from components.spec.metrics import R_PRECISION

OF_PROMPTS = (R_PRECISION, "clip_score", "preference_score")
"""What is said, besides, of how well images fit their prompts."""

OF_SUBJECTS = (
    "Likeness and CLIP figures are of the subject's prompts, under each model's first sampling."
)


def tuned_differences(tuned: Finetuned, metric: str | None) -> dict[str, Any] | None:
    """Each fine-tune less the chosen one; None where there is one alone, or nothing to compare.

    Args:
        metric: the distance that ranks.
    """
    if metric is None or len(tuned.cells) < 2:
        return None
    gains, drifts = _gained(tuned, metric), _drifts(tuned, metric)
    rows = [
        {**of_prompts, **gained, **drifted}
        for of_prompts, gained, drifted in zip(_of_prompts(tuned), gains, drifts, strict=True)
    ]
    gain, drift = (next(iter(found[tuned.best]), None) for found in (gains, drifts))
    metrics = [gain, drift, *(first_of(rows[tuned.best], family) for family in OF_PROMPTS)]
    table = differences_from(
        "Differences between fine-tunes",
        [cell.line for cell in tuned.cells],
        rows,
        tuned.best,
        [name for name in metrics if name],
        noun="fine-tune",
    )
    if table is None:
        return None
    return {
        "chosen": tuned.chosen.line,
        "table": table,
        "about": OF_SUBJECTS if _of_subjects(tuned) else "",
        # samplings at other costs adapt no further, they are allowed more
        "told": "" if tuned.at_equal_cost else _told(tuned, rows, gain, drift),
    }


def _of_subjects(tuned: Finetuned) -> bool:
    """Whether all have learnt a subject, and so are ranked by the likeness to it."""
    return all(cell.model in tuned.learnt for cell in tuned.cells)


def _gained(tuned: Finetuned, metric: str) -> list[Figures]:
    """Each cell's distance to the new holdout; of subjects, which have none, the likeness by who
    judges that."""
    if not _of_subjects(tuned):
        return [_only(cell.figures, [metric]) for cell in tuned.cells]
    judges = {c.figures[metric].protocol.extractor for c in tuned.cells if metric in c.figures}
    return [
        {name: found for name, found in figures.items() if found.protocol.extractor in judges}
        for figures in _of_first_sampling(tuned, lambda learnt: learnt.alike)
    ]


def _of_first_sampling(tuned: Finetuned, of: Callable[[LearntSubject], Figures]) -> list[Figures]:
    """What each cell's model has learnt of its subject, under its first sampling; nothing under
    others."""
    found, seen = list[Figures](), set[str]()
    for cell in tuned.cells:
        found.append({} if cell.model in seen else of(tuned.learnt[cell.model]))
        seen.add(cell.model)
    return found


def _drifts(tuned: Finetuned, metric: str) -> list[Figures]:
    """Each cell's drift by who judges ``metric``; nothing where it was not measured."""
    if not tuned.drifts:
        return [{} for _ in tuned.cells]
    found = [drift_in(each.figures, metric) for each in tuned.drifts]
    return [{drift.metric: drift} if drift else {} for drift in found]


def _of_prompts(tuned: Finetuned) -> list[Figures]:
    """Each cell's figures of `OF_PROMPTS`: of subjects, on the subject's prompts."""
    judged = [cell.figures for cell in tuned.cells]
    if _of_subjects(tuned):
        judged = _of_first_sampling(tuned, lambda learnt: learnt.subject.of_tuned.figures)
    names = [first_of(judged[tuned.best], family) for family in OF_PROMPTS]
    return [_only(figures, [name for name in names if name]) for figures in judged]


def _only(figures: Figures, names: Sequence[str]) -> Figures:
    return {name: figures[name] for name in names if name in figures}


def _told(tuned: Finetuned, rows: Sequence[Figures], gain: str | None, drift: str | None) -> str:
    """How the chosen one stands to the next best; empty where nothing ranks the others."""
    other = _next_best(rows, gain, tuned.best)
    if other is None:
        return ""

    def of(name: str | None) -> Standing | None:
        known = name is not None and name in rows[tuned.best] and name in rows[other]
        return standings(rows, name, tuned.best)[other] if known else None

    chosen, next_best = (tuned.cells[i].line.replace(",", ", ") for i in (tuned.best, other))
    return adaptation(chosen, next_best, of(gain), of(drift))


def _next_best(rows: Sequence[Figures], gain: str | None, best: int) -> int | None:
    """Of all rows but the ``best``, that which has gained most."""
    gains = {
        i: -sign(gain) * row[gain].value
        for i, row in enumerate(rows)
        if gain is not None and i != best and gain in row and row[gain].finite
    }
    return max(gains, key=lambda i: gains[i], default=None)
