"""A study analysed: every figure, before and after exclusions."""

from collections.abc import Iterator, Mapping, Sequence

from components.figures.study_figures import (
    COUNTED,
    VIEWS,
    Finding,
    PairTally,
    StudyFigures,
    View,
)
from components.preference.analysis.automatic import Automatic, agreeing, directions
from components.preference.analysis.care import agreements, people, verdicts
from components.preference.analysis.groups import of_groups
from components.preference.analysis.looks import at_a_look, looks, needed, progress
from components.preference.analysis.made import of_question
from components.preference.analysis.opened import Study
from components.preference.analysis.preferred import Settings, mixed, ranked, win_rates
from components.preference.analysis.realism import errors
from components.preference.analysis.tallies import contested, one_sided, tallies
from components.preference.answers.exclusions import Exclusion, read_exclusions
from components.preference.answers.imported import Imported
from components.preference.answers.slots import shared_slots
from components.preference.statistics.choices import Choices

MOST_PAIRS = 6
"""Pairs of either kind that are shown of each question."""


def analyse(
    study: Study,
    imported: Imported,
    settings: Settings | None = None,
    *,
    peek: bool = False,
    automatic: Automatic | None = None,
) -> StudyFigures:
    """Every figure of a study.

    Before the planned number of answers who won is not said, unless one peeks; then always-valid
    intervals stand beside the others, which hold for one look at the planned end.

    Args:
        imported: its answers, as `import_answers` gives them.
        automatic: what machines say of the same images and models.
    """
    settings = settings or Settings()
    about, excluded = study.about, read_exclusions(study.folder)
    told = verdicts(imported.choices)
    flagged = [each.person for each in told if each.flagged]
    views: dict[View, Choices] = {
        COUNTED: imported.counted,
        "all": imported.choices,
        "careless out": imported.counted.without(flagged),
    }
    done = progress(study, imported, peek=peek)
    findings: list[Finding] = []
    shown: dict[str, list[PairTally]] = {"contested": [], "one_sided": []}
    for question in study.key.questions:
        own = of_question(imported.counted, question)
        if done.told:
            won = _who_won(study, views, question, settings, automatic or Automatic())
            findings += won if done.finished else at_a_look(won)
            found = tallies(own, question, study.key)
            shown["contested"] += contested(found, MOST_PAIRS)
            shown["one_sided"] += one_sided(found, MOST_PAIRS)
            if about.kind == "pairwise" and (peek or not done.finished):
                findings += looks(own, about, question, settings)
        if about.kind == "pairwise":
            findings += needed(own, about, question, settings.confidence)
    for view in VIEWS:
        findings += agreements(views[view], study.key.questions, about.kind, settings, view)
    return StudyFigures(
        study=about.study,
        name=about.name,
        kind=about.kind,
        questions=dict(about.questions),
        models=about.models,
        simulated=about.simulated,
        confidence=settings.confidence,
        draws=settings.draws,
        seed=settings.seed,
        progress=done,
        findings=tuple(findings),
        people=people(imported.choices, told, _why(excluded)),
        contested=tuple(shown["contested"]),
        one_sided=tuple(shown["one_sided"]),
        notes=tuple(_notes(study, imported, excluded)),
    )


def _who_won(
    study: Study,
    views: Mapping[View, Choices],
    question: str,
    settings: Settings,
    automatic: Automatic,
) -> list[Finding]:
    models, found = study.about.models, []
    for view in VIEWS:
        asked = of_question(views[view], question)
        of_kind = win_rates if study.about.kind == "pairwise" else errors
        found += of_kind(asked, question, models, settings, view)
    if study.about.kind == "pairwise":
        asked = of_question(views[COUNTED], question)
        found += ranked(asked, question, models, settings)
        found += mixed(asked, question, models, settings)
        found += of_groups(asked, question, models, settings)
        found += agreeing(asked, question, automatic.scores, settings)
        found += directions(asked, question, models, automatic, settings.confidence)
    return found


def _why(excluded: Sequence[Exclusion]) -> dict[str, str]:
    """Person → why their answers are not counted."""
    return {
        each.name: f"{each.why} ({each.rule})"
        for each in excluded
        if each.what == "annotator" and not each.taken_back
    }


def _notes(study: Study, imported: Imported, excluded: Sequence[Exclusion]) -> Iterator[str]:
    if study.about.simulated:
        yield "simulated: no person answered this study"
    if imported.refused:
        yield f"{len(imported.refused)} answers or files were refused (refused.csv)"
    for each in excluded:
        why = f"{each.what} {each.name}, {each.why} ({each.rule}, {each.when})"
        yield (
            f"counted again since {each.taken_back}: {why}"
            if each.taken_back
            else (f"excluded: {why}")
        )
    yield from shared_slots(imported, study.key)
    yield from copied(imported)


def copied(imported: Imported) -> Iterator[str]:
    """A sentence where the answers of several names are the same to the tenth of a second."""
    answered: dict[str, list[tuple[str, str, int, float]]] = {}
    for row in imported.kept:
        said = (row.item, row.question, int(row.answer), round(row.seconds, 1))
        answered.setdefault(row.annotator, []).append(said)
    named: dict[tuple[tuple[str, str, int, float], ...], list[str]] = {}
    for name, rows in answered.items():
        named.setdefault(tuple(sorted(rows)), []).append(name)
    for same, names in named.items():
        if len(names) > 1 and len(same) > 1:
            yield (
                f"{', '.join(sorted(names))} gave the same answers in the same seconds: perhaps "
                "one file under several names"
            )
