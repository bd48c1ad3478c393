"""What a study's page says of the people who answered, and of single pairs."""

from components.figures.study_figures import COUNTED, PairTally, StudyFigures
from components.reporting.study.tables import ANSWERS, Titles, cell, worded
from components.reporting.study.words import CALLED, percent
from components.reporting.tables.table import Column, Content, Table


def care_table(figures: StudyFigures) -> Table:
    """Agreement and attention of the counted answers."""
    names = ("alpha", "alpha_ordinal", "consistency", "left", "checks_failed", "seconds")
    rows = [
        [CALLED[f.name], f.question, cell(f), f.answers, worded(f.note)]
        for f in figures.found(*names, view=COUNTED)
        if f.value is not None or f.note
    ]
    columns: Titles = ["figure", "question", "value", ANSWERS, "note"]
    return Table.of_texts("agreement and attention", columns, rows).without_empty_columns()


def people_table(figures: StudyFigures) -> Table:
    """Everybody who answered."""
    rows: list[list[Content]] = [
        [
            person.name,
            person.answers,
            "" if person.seconds is None else f"{person.seconds:.1f}",
            _of(person.failed, person.checks),
            _of(person.unlike, person.repeats),
            _verdict(person.flagged, person.enough),
            worded(person.reason if person.flagged else ""),
            worded(person.excluded),
        ]
        for person in figures.people
    ]
    columns: Titles = [
        "annotator",
        ANSWERS,
        Column("median s", right=True),
        Column("checks failed", right=True),
        Column("repeats unlike", right=True),
        "clicks at random?",
        "why",
        "not counted",
    ]
    made = Table.of_texts("people", columns, rows).without_empty_columns()
    if len(figures.questions) > 1:
        made = made.noted("an attention check, or a hidden repeat, counts once for each question")
    return made


def _verdict(flagged: bool, enough: bool) -> str:
    return "flagged" if flagged else "no sign" if enough else "too few answers to tell"


def _of(count: int, of: int) -> str:
    return f"{count} of {of}" if of else "–"


def tally_words(pair: PairTally) -> str:
    """What was answered about a pair."""
    parts = [f"{pair.one} {pair.for_one}", f"{pair.other} {pair.for_other}"]
    parts += [f"ties {pair.ties}"] if pair.ties else []
    parts += [f"both bad {pair.both_bad}"] if pair.both_bad else []
    return ", ".join(parts)


def lead_words(pair: PairTally) -> str:
    """How far apart both shares are."""
    return f"apart by {percent(abs(pair.lead))} of {pair.decided} decided answers"
