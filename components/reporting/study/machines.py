"""Whether automatic figures prefer what people prefer, as tables."""

from components.figures.study_figures import StudyFigures
from components.reporting.study.tables import (
    ANSWERS,
    Grouped,
    Titles,
    cell,
    grouped,
    who,
    worded,
)
from components.reporting.study.words import p_text
from components.reporting.tables.table import Column, Table


def agree_table(figures: StudyFigures) -> Table:
    """How often people prefer what an automatic score prefers."""
    rows: Grouped = []
    for first in figures.found("agrees"):
        own = {f.name: f for f in figures.found(question=first.question, model=first.model)}
        beside = [cell(own.get(name)) for name in ("agrees_pairs", "people_agree", "agrees_tau")]
        p_value = p_text(first.p_value)
        rows.append((first.question, [first.model, cell(first), p_value, first.answers, *beside]))
    columns: Titles = [
        "score",
        Column("answers for the image it prefers"),
        "p",
        ANSWERS,
        Column("pairs", "most people's choice"),
        Column("people", "agree with other people"),
        Column("τ", "surer scores, surer people"),
    ]
    return grouped("people and automatic scores", columns, rows).noted(
        "50 % is what a score reaches that knows nothing; two equal scores count half; a score is "
        "held against how often people agree with other people, not against 100 %"
    )


def direction_table(figures: StudyFigures) -> Table:
    """Whether figures of all samples rank the models as people do."""
    words = {1.0: "yes", 0.0: "no", None: "cannot be told"}
    rows: Grouped = [
        (f.question, [f.method, who(f), words[f.value], worded(f.note)])
        for f in figures.found("direction")
    ]
    columns: Titles = ["figure", "model", "as people?", "what either says"]
    return grouped("people and figures of all samples", columns, rows)
