"""The part of the page about one subject that models were taught, and about its class."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.reporting.finetuned import Finetuned
from components.reporting.learnt_subject import Drawn, LearntSubject
from components.reporting.pictures.tiles import data_uri, strip
from components.reporting.tables.against_base import against_base
from components.reporting.tables.table import Table
from components.reporting.words.as_read import as_read
from components.reporting.words.naming import count, quoted
from components.spec.metrics import DRIFT, R_PRECISION, RANKING

IMAGES = 8
"""Images of a prompt that are shown of each model."""

OF_SUBJECT = ("clip_score", R_PRECISION, "authenticity", "neighbour_ratio")
"""What is said of images of the subject."""

OF_KIN = (DRIFT, RANKING, "recall", "vendi")
"""What is said of images of the class."""

Learnt = Mapping[str, LearntSubject]


def subject_section(tuned: Finetuned) -> dict[str, Any] | None:
    """How well each model has learnt its subject, and what it still knows of the class; None for
    kinds without one."""
    if not tuned.learnt:
        return None
    first = next(iter(tuned.learnt.values()))
    real = [("The subject", first.real)]
    return {
        "table": _likeness(tuned.learnt),
        "pictures": _pictures(tuned.learnt, real, lambda each: each.subject),
        "prompts": quoted(first.subject.prompts),
        "read": as_read(first.subject.of_tuned.figures),
        "fidelity": _beside("The subject's prompts", tuned.learnt, lambda e: e.subject, OF_SUBJECT),
        "kin": _beside("The class", tuned.learnt, lambda each: each.kin, OF_KIN),
        "kin_prompts": quoted(first.kin.prompts),
        "kin_count": count(len(first.kin.tuned), "image"),
        "kin_pictures": _pictures(tuned.learnt, [], lambda each: each.kin),
    }


def _likeness(learnt: Learnt) -> Table:
    rows = [
        [name, judge, *(value.text() for value in values)]
        for name, each in learnt.items()
        for judge, found in each.likeness.items()
        for values in [(found.tuned, found.baseline, found.difference, found.ceiling)]
    ]
    columns = ("model", "extractor", "likeness", "the base's", "difference", "among real ones")
    return Table.of_texts("Likeness to the subject", columns, rows)


def _beside(
    caption: str, learnt: Learnt, of: Callable[[LearntSubject], Drawn], families: tuple[str, ...]
) -> Table:
    drawn = [(name, of(each)) for name, each in learnt.items()]
    models = [(name, each.of_tuned, each.of_baseline) for name, each in drawn]
    return against_base(caption, models, families)


def _pictures(
    learnt: Learnt,
    real: list[tuple[str, NDArray[np.uint8]]],
    of: Callable[[LearntSubject], Drawn],
) -> list[tuple[str, str]]:
    """A row of images each: ``real`` ones, the first model's base's, and each model's."""
    drawn = [(name, of(each)) for name, each in learnt.items()]
    shown = [*real, ("The base", drawn[0][1].baseline), *((name, d.tuned) for name, d in drawn)]
    return [(name, data_uri(strip(images, IMAGES))) for name, images in shown]
