"""Every figure of fine-tunes, with how each stands to the chosen one's and to its base's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from components.figures.floors import beside
from components.figures.judgement import Judgement
from components.figures.likeness import Likeness
from components.figures.standing import Standing, between, standings
from components.figures.statistics.paired import Difference
from components.reporting.cells import Cell
from components.reporting.finetuned import Finetuned
from components.reporting.learnt_subject import LearntSubject
from components.reporting.tables.against_base import BASE, with_bases
from components.reporting.tables.every_figure import Further, Less
from components.reporting.tables.subject import FLOOR, Subject
from components.reporting.tables.tuned_table import limits_words

BESIDE_BASE = "beside the base"
"""Behind the name of a fine-tune that is judged on what the base could do, its drift with it."""
OF_BASE, FINE_TUNE, CHOSEN_TUNE = "base", "fine-tune", "chosen fine-tune"
"""Roles of their rows."""
OF_SUBJECT, OF_KIN = "the subject's prompts", "the class"
"""Behind the name of a fine-tune that was taught a subject, and of its base."""


def tuned_figures(tuned: Finetuned, best: Cell) -> list[Further]:
    """What each model has gained, with its floor; what has become of the base's own; and, where a
    subject was taught, the images of its prompts and of its class.

    Args:
        best: the best baseline.
    """
    floors, _ = beside(tuned.floors, [tuned.baseline, *(cell.figures for cell in tuned.cells)])
    more = [_more(tuned, i) for i in range(len(tuned.cells))]
    goals = [tuned.words.goal, *(place.goal or tuned.words.goal for place in tuned.places)]
    found = _beside(tuned.subjects(best), goals, tuned.best, more)
    floor = Subject(f"{FLOOR} ({tuned.words.goal})", Judgement(floors))
    found.append(Further(floor, more={"standing": "floor"}))
    if tuned.drifts:
        named = zip(tuned.cells, tuned.drifts, strict=True)
        sets = [Subject(BASE, tuned.base_beside(best), best.evaluations)]
        sets += [Subject(cell.line, judged, cell.evaluations) for cell, judged in named]
        found += _beside(sets, [BESIDE_BASE] * len(sets), tuned.best, more)
    learnt = tuned.learnt.items()
    subject = [_of_subject(name, each) for name, each in learnt]
    kin = [_Taught(name, each.kin.of_tuned, each.kin.of_baseline) for name, each in learnt]
    of_models = {cell.model: more[i] for i, cell in reversed([*enumerate(tuned.cells)])}
    for what, models in ((OF_SUBJECT, subject), (OF_KIN, kin)):
        found += _taught(models, what, tuned.chosen.model, of_models)
    return found


def _more(tuned: Finetuned, index: int) -> dict[str, Any]:
    """What a row of one of the fine-tunes has besides: what it is, whether it keeps the file's
    limits, and where it lies."""
    return {
        "role": CHOSEN_TUNE if tuned.cells[index].model == tuned.chosen.model else FINE_TUNE,
        "keeps_limits": limits_words(tuned.kept)[index] if tuned.kept else None,
        "path": tuned.places[index].path if tuned.places else None,
    }


def _beside(
    subjects: Sequence[Subject], what: Sequence[str], chosen: int, more: Sequence[dict[str, Any]]
) -> list[Further]:
    """Fine-tunes behind their base, the first of ``subjects``; p is Holm's over all pairs of them,
    and over all pairs with the base.

    Args:
        what: stands behind the name of each of ``subjects``.
        chosen: which of the fine-tunes is.
        more: what the rows of each fine-tune have besides.
    """
    named = [
        replace(each, name=f"{each.name} ({of})") for each, of in zip(subjects, what, strict=True)
    ]
    base, *models = named
    from_base, from_chosen = _less(named, 0), _less(models, chosen)
    tunes = map(Further, models, from_chosen, from_base[1:], more)
    return [Further(base, more={"role": OF_BASE}), *tunes]


def _less(subjects: Sequence[Subject], top: int) -> list[Less]:
    """How the figures of each stand to those of ``top``."""
    rows = [each.figures for each in subjects]
    known = {m: standings(rows, m, top) for m, figure in rows[top].items() if figure.finite}
    name = subjects[top].name
    return [Less(name, {m: of_all[i] for m, of_all in known.items()}) for i in range(len(rows))]


@dataclass(frozen=True)
class _Taught:
    """A model that was taught a subject.

    Attributes:
        judged, base: figures of its images, and of its base's of the same seeds and prompts.
        known: differences from the base that are known already, by metric.
    """

    name: str
    judged: Judgement
    base: Judgement
    known: Mapping[str, Standing] = field(default_factory=dict)

    def less_base(self) -> dict[str, Standing]:
        """Its figures less the base's, p of the pair alone."""
        before = {name: f for name, f in self.base.figures.items() if f.finite}
        both = {n: f for n, f in self.judged.figures.items() if n in before and f.finite}
        return {n: between(figure, before[n]) for n, figure in both.items()} | dict(self.known)


def _of_subject(name: str, learnt: LearntSubject) -> _Taught:
    """With the likeness, whose difference from the base's is the stage `similarity`'s: it has no
    p-value."""
    drawn = learnt.subject
    judged = replace(drawn.of_tuned, figures={**learnt.alike, **drawn.of_tuned.figures})
    known = {
        metric: Standing("", metric, _difference(learnt.likeness[figure.protocol.extractor]))
        for metric, figure in learnt.alike.items()
    }
    return _Taught(name, judged, drawn.of_baseline, known)


def _taught(
    models: Sequence[_Taught], what: str, chosen: str, more: Mapping[str, dict[str, Any]]
) -> Iterator[Further]:
    """Models behind their base; p is Holm's over all pairs of models, and of the pair alone where
    it is from the base.

    Args:
        chosen: the chosen one's name.
        more: name → what the rows of a model have besides.
    """
    subjects = [Subject(f"{model.name} ({what})", model.judged) for model in models]
    tops = [i for i, model in enumerate(models) if model.name == chosen]
    less = _less(subjects, tops[0]) if tops else [Less()] * len(models)
    each, behind = zip(models, subjects, less, strict=True), ""
    for name, judged, base in with_bases((m.name, m.judged, m.base) for m in models):
        if base is None:
            behind = f"{name} ({what})"
            yield Further(Subject(behind, judged), more={"role": OF_BASE})
        else:
            model, subject, less_chosen = next(each)
            less_base = Less(behind, model.less_base())
            yield Further(subject, less_chosen, less_base, more.get(model.name, {}))


def _difference(found: Likeness) -> Difference:
    less = found.difference
    return Difference(less.value, less.low, less.high, None, paired=True)
