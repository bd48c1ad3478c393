"""The tables of a study's page."""

from collections.abc import Sequence
from dataclasses import replace

from components.figures.study_figures import AT_A_LOOK, COUNTED, VIEWS, Finding, StudyFigures
from components.reporting.study.words import CALLED, IN_VIEW, ends, p_text, short
from components.reporting.tables.table import Column, Content, Table, Text, Value

Titles = list[str | Column]
Grouped = list[tuple[str, list[Content]]]
"""Heading and cells of each row."""

ANSWERS = Column("answers", right=True)


INDEPENDENT = "takes answers for independent: too narrow"
PREFERRED = {
    "win_rate": ("win rate", "crossed: other people and prompts; the gate reads it"),
    "win_rate_bootstrap": ("crossed bootstrap", "people and prompts drawn again"),
    "win_rate_ties_half": ("a tie as half", "crossed"),
    "mixed_rate": ("mixed logistic", "too narrow with few people"),
    "win_rate_wilson": ("Wilson", INDEPENDENT),
    "win_rate_exact": ("exact binomial", INDEPENDENT),
}
ERRORS = {
    "error_rate": ("error rate", "crossed: other people and images"),
    "error_rate_bootstrap": ("crossed bootstrap", "people and images drawn again"),
    "false_alarms": ("generated images called real", "crossed"),
}
"""Finding → what its column is called, and how its interval is made; the main one first."""

WORTHS = (
    "bradley_terry",
    "bradley_terry_pseudo",
    "davidson",
    "davidson_nu",
    "davidson_pseudo",
    "davidson_pseudo_nu",
)
RATES = ("win_rate", "ties", "both_bad", "error_rate", "hits", "false_alarms")


def cell(finding: Finding | None) -> Content:
    """A finding; its reason where it has no value."""
    if finding is None:
        return ""
    if finding.value is None:
        return worded(finding.note)
    apart = finding.low is not None and finding.high is not None and finding.name == "win_rate"
    beyond = apart and not (finding.low or 0.0) <= 0.5 <= (finding.high or 0.0)
    return Value(short(finding), ends(finding), short(finding), apart=beyond)


def worded(text: str) -> Content:
    """Words that may stand on several lines."""
    return Text(text, text) if text else ""


def who(finding: Finding) -> str:
    """Whose figure it is."""
    return f"{finding.model} over {finding.against}" if finding.against else finding.model


def grouped(caption: str, columns: Titles, rows: Grouped) -> Table:
    """A table of rows under headings, without columns that say nothing."""
    made = Table.of_texts(caption, columns, [cells for _, cells in rows])
    named = zip(made.rows, rows, strict=True)
    headed = tuple(replace(row, group=heading) for row, (heading, _) in named)
    return replace(made, rows=headed).without_empty_columns()


def main_table(figures: StudyFigures) -> Table:
    """The rates of the counted answers: all intervals beside each other, under their question."""
    names = ERRORS if figures.kind == "realism" else PREFERRED
    rows: Grouped = []
    for first in figures.found(next(iter(names)), view=COUNTED, group=""):
        own = _beside(figures, first)
        cells = [cell(own.get(name)) for name in names]
        p_values = p_text(first.p_value), p_text(first.p_adjusted)
        rows.append((first.question, [who(first), cells[0], *p_values, first.answers, *cells[1:]]))
    main, *rest = [Column(title, below) for title, below in names.values()]
    columns: Titles = ["model", main, "p", Column("p", "by Holm over all models"), ANSWERS, *rest]
    made = grouped("rates of the counted answers", columns, rows)
    early = any(f.note.startswith(AT_A_LOOK) for f in figures.found(*names, view=COUNTED))
    return made.noted(f"of every interval here: {AT_A_LOOK}") if early else made


def rate_table(figures: StudyFigures) -> Table:
    """The rates that the summary is about, for a terminal."""
    name = "error_rate" if figures.kind == "realism" else "win_rate"
    if name == "win_rate" and not figures.progress.finished:
        name = "win_rate_always"
    rows: list[list[Content]] = [
        [
            *(f.question, who(f), short(f), ends(f), f.answers),
            *(p_text(f.p_value), p_text(f.p_adjusted)),
            worded(f.note if f.name == "win_rate_always" else ""),
        ]
        for f in figures.found(name, view=COUNTED, group="")
    ]
    what = {"win_rate": "win rate", "win_rate_always": "win rate, always valid"}
    value = Column(what.get(name, "error rate"), right=True)
    titles: Titles = ["question", "model", value, "interval", ANSWERS, "p", "p by Holm", "note"]
    caption = "simulated annotators" if figures.simulated else "rates of the counted answers"
    return Table.of_texts(caption, titles, rows).without_empty_columns()


def _beside(figures: StudyFigures, first: Finding) -> dict[str, Finding]:
    """Name → the finding of the same question, models, and counted answers."""
    of = {"question": first.question, "model": first.model, "against": first.against}
    return {f.name: f for f in figures.found(view=COUNTED, group="", **of)}


def view_table(figures: StudyFigures) -> Table:
    """Every figure before and after exclusions, a row each."""
    names = (*RATES, "alpha", "consistency", "left", "checks_failed", "seconds")
    found = figures.found(*names, group="")
    at = {(f.name, f.question, f.model, f.against, f.view): f for f in found}
    rows: Grouped = []
    for one in sorted(
        figures.found(*names, group="", view=COUNTED), key=lambda f: names.index(f.name)
    ):
        key = (one.name, one.question, one.model, one.against)
        cells = [cell(at.get((*key, view))) for view in VIEWS]
        asked = ": ".join(filter(None, (one.question, who(one)))) or "all questions"
        rows.append((CALLED[one.name], [asked, *cells, one.answers]))
    columns: Titles = ["question, model", *(IN_VIEW[view] for view in VIEWS), ANSWERS]
    return grouped("before and after exclusions", columns, rows)


def tie_table(figures: StudyFigures) -> Table:
    """How many ties there were, and how many found both bad."""
    rows: Grouped = []
    for first in figures.found("ties", view=COUNTED):
        bad = _beside(figures, first).get("both_bad")
        rows.append((first.question, [who(first), cell(first), cell(bad), first.answers]))
    return grouped("ties", ["model", "ties", "both bad", ANSWERS], rows)


def worth_table(figures: StudyFigures) -> Table:
    """The models' worths by Bradley and Terry, and by Davidson, with his ν."""
    rows: Grouped = []
    for question in figures.questions:
        for model in (*figures.models, ""):
            found = figures.found(*WORTHS, view=COUNTED, question=question, model=model)
            at = {f.name.removesuffix("_pseudo"): f for f in found if f.value is not None}
            nu = at.get("davidson_nu" if "davidson_nu" in at else "davidson_pseudo_nu")
            both = at.get("bradley_terry"), nu or at.get("davidson")
            if any(both):
                name = model or "ν, how willing people are to call a tie"
                rows.append((question, [name, *map(cell, both)]))
    columns: Titles = ["model", "Bradley–Terry worth", Column("Davidson worth", "ties counted")]
    told = figures.found(*WORTHS, view=COUNTED)
    notes = dict.fromkeys(f"{f.question}: {f.note}" for f in told if f.note and f.value is not None)
    return grouped("worths", columns, rows).noted(*notes)


def mixed_table(figures: StudyFigures) -> Table:
    """The mixed logistic model."""
    names = ("mixed_rate", "mixed_side", "mixed_person_sd", "mixed_prompt_sd")
    rows: Grouped = []
    found = [f for f in figures.found("mixed_rate") if f.value is not None]
    for first in found:
        own = _beside(figures, first)
        rows.append((first.question, [who(first), *(cell(own.get(name)) for name in names)]))
    columns: Titles = ["model", *(CALLED[name] for name in names)]
    return grouped("the mixed model", columns, rows).noted(*dict.fromkeys(f.note for f in found))


def group_table(figures: StudyFigures) -> Table:
    """The win rate over the baseline in each group of prompts."""
    rows: Grouped = [
        (
            f"{f.question}: {who(f)}",
            [f.group, cell(f), f.answers, p_text(f.p_value), p_text(f.p_adjusted)],
        )
        for f in figures.found("win_rate", view=COUNTED)
        if f.group
    ]
    note = (
        "p by Holm: corrected over all groups and models of a question; the intervals are each for "
        "itself and not corrected; of a group of one prompt they are about other pairs of it"
    )
    columns: Titles = ["group", "win rate", ANSWERS, "p", Column("p", "by Holm")]
    return grouped("by group of prompts", columns, rows).noted(note)


def look_table(figures: StudyFigures) -> Table:
    """The always-valid intervals and what follows from them, and the answers still needed."""
    rows: Grouped = []
    for needed in figures.found("answers_needed"):
        look = _beside(figures, needed).get("win_rate_always")
        follows = look.note if look else ""
        more = "out of reach" if needed.value is None else f"{needed.value:,.0f}"
        told = worded(needed.note)
        cells = [who(needed), cell(look), worded(follows), needed.answers, more, told]
        rows.append((needed.question, cells))
    columns: Titles = [
        "model",
        Column("win rate", "always valid"),
        "may it stop?",
        ANSWERS,
        Column("answers still needed", right=True),
        "what for",
    ]
    return grouped("looks on the way", columns, rows)


def reasons(found: Sequence[Finding]) -> list[str]:
    """Why some findings have no value, a sentence each."""
    listed = [f"{CALLED.get(f.name, f.name)}: {f.note}." for f in found if f.value is None]
    return list(dict.fromkeys(listed))
