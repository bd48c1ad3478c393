"""The part of the page about one subject that models were taught, and about its class."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.figures.likeness import Value as Mean
from components.figures.limits import drift_in
from components.reporting.finetuned import Finetuned
from components.reporting.learnt_subject import Drawn, LearntSubject
from components.reporting.pictures.tiles import data_uri, strip
from components.reporting.tables.against_base import against_base, with_bases
from components.reporting.tables.table import Column, Content, Table, Value
from components.reporting.tables.tuned_table import KEPT, limits_words, marked
from components.reporting.tables.values import value_of
from components.reporting.words.as_read import as_read
from components.reporting.words.naming import count, listed, quoted
from components.spec.metrics import DRIFT, R_PRECISION, RANKING

IMAGES = 8
"""Images of a prompt that are shown of each model."""

OF_SUBJECT = ("clip_score", R_PRECISION, "preference_score", "authenticity", "neighbour_ratio")
"""What is said of images of the subject."""

OF_KIN = (DRIFT, RANKING, "recall", "vendi")
"""What is said of images of the class."""

COLUMNS = (
    "model",
    "extractor",
    "likeness",
    "the base's",
    Column("less the base's", hint="over the same seeds; bold where the interval leaves out 0"),
    Column("among real ones", hint="of each real image to the others"),
    Column("feature drift", hint="from what the base draws of the data's prompts, by that judge"),
    KEPT,
    Column("asked", hint="the prompts, which take turns"),
)
NOTES = (
    "The likeness less the base's has an interval and no p-value; it is bold where that leaves "
    "out 0",
    "A model with another word is asked by other prompts, and so is its base: therefore the base's "
    "likeness differs between rows",
)

Learnt = Mapping[str, LearntSubject]


def subject_section(tuned: Finetuned, metric: str | None) -> dict[str, Any] | None:
    """How well each model has learnt its subject, and what it still knows of the class; None for
    kinds without one.

    Args:
        metric: the distance that ranks.
    """
    if not tuned.learnt:
        return None
    first = next(iter(tuned.learnt.values()))
    real = [("The subject", first.real)]
    return {
        "table": _likeness(tuned, metric),
        "pictures": _pictures(tuned.learnt, real, lambda each: each.subject),
        "prompts": quoted(_prompts(tuned.learnt, lambda each: each.subject)),
        "read": as_read(first.subject.of_tuned.figures),
        "fidelity": _beside("The subject's prompts", tuned, lambda e: e.subject, OF_SUBJECT),
        "kin": _beside("The class", tuned, lambda each: each.kin, OF_KIN),
        "kin_prompts": quoted(_prompts(tuned.learnt, lambda each: each.kin)),
        "kin_count": count(len(first.kin.tuned), "image"),
        "kin_pictures": _pictures(tuned.learnt, [], lambda each: each.kin),
    }


def _likeness(tuned: Finetuned, metric: str | None) -> Table:
    """Each model's likeness, less its base's, with what it costs: its drift by who judges
    ``metric``, and whether it keeps the file's limits."""
    firsts = {cell.model: i for i, cell in reversed([*enumerate(tuned.cells)])}
    several = len({tuple(each.subject.prompts) for each in tuned.learnt.values()}) > 1
    rows, chosen = list[list[Content]](), set[int]()
    for name, each in tuned.learnt.items():
        first = firsts[name]
        lost = tuned.drifts[first].figures if tuned.drifts else {}
        drift = drift_in(lost, metric) if metric else None
        for judge, found in each.likeness.items():
            if name == tuned.chosen.model:
                chosen.add(len(rows))
            less = found.difference
            difference = Value(f"{less.value:+.3f}", less.interval("+"), "", apart=less.apart)
            values = [_value(v) for v in (found.tuned, found.baseline)]
            row: list[Content] = [name, judge, *values, difference, _value(found.ceiling)]
            row.append(value_of(drift) if drift else None)
            row.append(limits_words(tuned.kept)[first] if tuned.kept else "")
            rows.append([*row, quoted(each.subject.prompts) if several else ""])
    table = Table.of_texts("Likeness to the subject", COLUMNS, rows).without_empty_columns()
    return marked(table, chosen).noted(*NOTES[:1], *(NOTES[1:] if several else ()))


def _value(found: Mean) -> Value:
    return Value(f"{found.value:.3f}", found.interval(), "")


def _beside(
    caption: str, tuned: Finetuned, of: Callable[[LearntSubject], Drawn], families: tuple[str, ...]
) -> Table:
    drawn = [(name, of(each)) for name, each in tuned.learnt.items()]
    models = [(name, each.of_tuned, each.of_baseline) for name, each in drawn]
    table = against_base(caption, models, families)
    chosen = {i for i, row in enumerate(table.rows) if row.cells[0] == tuned.chosen.model}
    table = marked(table, chosen)
    others = [name for name, _, base in with_bases(models) if base is None][1:]
    if not others:
        return table
    asked = listed(f"“{other.replace(',', ', ').replace(',  ', ', ')}”" for other in others)
    return table.noted(f"{asked}: the base, asked as that model is, which has a word of its own")


def _prompts(learnt: Learnt, of: Callable[[LearntSubject], Drawn]) -> list[str]:
    """What any of the models was asked, each once."""
    return list(dict.fromkeys(text for each in learnt.values() for text in of(each).prompts))


def _pictures(
    learnt: Learnt,
    real: list[tuple[str, NDArray[np.uint8]]],
    of: Callable[[LearntSubject], Drawn],
) -> list[tuple[str, str]]:
    """A row of images each: ``real`` ones, the first model's base's, and each model's."""
    drawn = [(name, of(each)) for name, each in learnt.items()]
    shown = [*real, ("The base", drawn[0][1].baseline), *((name, d.tuned) for name, d in drawn)]
    return [(name, data_uri(strip(images, IMAGES))) for name, images in shown]
