"""The page's section about the fine-tunes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.figures.figure import main_metric
from components.reporting.cells import Cell
from components.reporting.finetuned import Finetuned
from components.reporting.pages.template import plotted
from components.reporting.pictures.illustrations import of_drift, of_tuning
from components.reporting.pictures.tiles import Choice, data_uri, same_rows, strip, tile
from components.reporting.results import Results
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Table
from components.reporting.words.distillation import finding, rivals_of, yardstick

SUBJECT_IMAGES = 8
"""Images of a subject that are shown of each model."""
MOST_TUNED = 4
"""Samplings of the fine-tuned models whose samples are shown."""


def finetune_section(results: Results, choice: Choice) -> dict[str, Any] | None:
    """What the page says of the fine-tunes; None where there are none."""
    tuned = results.finetuned
    if tuned is None:
        return None
    return {
        "title": tuned.words.title,
        "about": tuned.words.about,
        "table": ranked_table(
            "Before and after",
            tuned.subjects(results.chosen),
            tuned.floors,
            main_metric(tuned.figures),
            noun="images",
        ),
        "why": tuned.why,
        "drift": _drift(results, tuned),
        "subject": _subject(tuned),
        "findings": _findings(tuned.cells, results) if tuned.at_equal_cost else [],
        "pictures": _before_and_after(results, choice),
        "plots": plotted(of_tuning(tuned, results.spec["looks"]["finetune"])),
        "remarks": ". ".join(
            f"{each.name}: {each.remarks}" if len(tuned.histories) > 1 else each.remarks
            for each in tuned.histories
            if each.remarks
        ),
        "settings": [
            (name, value)
            for name, value in sorted(tuned.section.items())
            if value not in (None, [])
        ],
    }


def _findings(cells: Sequence[Cell], results: Results) -> list[str]:
    """What each sampling setting of the fine-tuned model is worth, the cheapest first."""
    cheapest = sorted(cells, key=lambda cell: cell.evaluations)
    return [text for cell in cheapest if (text := finding(cell, results))]


def _before_and_after(results: Results, choice: Choice) -> list[dict[str, Any]]:
    """The baseline's samples and those of the fine-tuned model under each sampling setting."""
    tuned, best = results.finetuned, results.chosen
    assert tuned is not None
    shown = [(best, f"Before: the baseline, {best.name.replace(',', ', ')}")]
    other = yardstick(tuned.chosen, rivals_of(results)) if tuned.at_equal_cost else None
    if other not in (None, best):
        shown.append((other, f"The baseline at few steps, {other.name.replace(',', ', ')}"))
    others = [cell for cell in tuned.cells if cell is not tuned.chosen]
    shown += [(c, f"After: {c.line}") for c in [tuned.chosen, *others][:MOST_TUNED]]
    return [
        {
            "image": data_uri(tile(cell.samples, choice)),
            "words": words,
            "same": same_rows(best.samples, cell.samples, choice),
        }
        for cell, words in shown
    ]


OF_THE_BASE = (
    "The same models on what the base could do: its own holdout, and, image by image, what it drew "
    "from the same seeds and prompts."
)
OF_ANOTHERS = (
    "How far the tuned models have gone from what the base drew, image by image, from the same "
    "seeds and prompts. The images that it was trained on are not at hand: the other figures are "
    "to the holdout of the new data."
)


def _drift(results: Results, tuned: Finetuned) -> dict[str, Any] | None:
    """What the base could do and the tuned models no longer do; None where it was not measured."""
    if not tuned.drifts:
        return None
    best, metric = results.chosen, results.metric
    named = zip(tuned.cells, tuned.drifts, strict=True)
    subjects = [
        Subject("the base", best.judgement, best.evaluations),
        *(Subject(cell.line, judgement, cell.evaluations) for cell, judgement in named),
    ]
    own = tuned.section.get("base") is None or tuned.section["style"] is not None
    caption = "On the base's own holdout" if own else "Beside the base's images"
    about = OF_THE_BASE if own else OF_ANOTHERS
    table = ranked_table(caption, subjects, results.floors, metric, best=0, noun="images")
    plots = plotted(of_drift(tuned, metric)) if metric else []
    return {"about": about, "table": table, "plots": plots}


def _subject(tuned: Finetuned) -> dict[str, Any] | None:
    """How well each model has learnt its subject; None for kinds without one."""
    if not tuned.learnt:
        return None
    rows, pictures = list[list[str]](), list[tuple[str, NDArray[np.uint8]]]()
    for name, learnt in tuned.learnt.items():
        if not pictures:
            pictures = [("The subject", learnt.real), ("The base", learnt.baseline)]
        pictures.append((name, learnt.tuned))
        for judge, found in learnt.likeness.items():
            values = (found.tuned, found.baseline, found.difference, found.ceiling)
            rows.append([name, judge, *(value.text() for value in values)])
    columns = ("model", "extractor", "likeness", "the base's", "difference", "among real ones")
    return {
        "table": Table.of_texts("Likeness to the subject", columns, rows),
        "pictures": [(name, data_uri(strip(images, SUBJECT_IMAGES))) for name, images in pictures],
    }
