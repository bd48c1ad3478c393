"""The page's section about the fine-tunes."""

from collections.abc import Sequence
from typing import Any

from components.figures.figure import main_metric
from components.reporting.cells import Cell
from components.reporting.finetuned import Finetuned
from components.reporting.pages.subject_section import subject_section
from components.reporting.pages.template import plotted
from components.reporting.pages.tuned_differences import tuned_differences
from components.reporting.pictures.drift_plot import of_drift
from components.reporting.pictures.illustrations import of_tuning
from components.reporting.pictures.tiles import Choice, data_uri, same_rows, tile
from components.reporting.results import Results
from components.reporting.tables.against_base import BASE
from components.reporting.tables.cost_table import cost_table
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.words.as_read import as_read
from components.reporting.words.copies import copying_of_tuned
from components.reporting.words.distillation import finding, rivals_of, yardstick

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
        "read": "" if tuned.learnt else as_read(tuned.figures),
        "why": tuned.why,
        "drift": _drift(results, tuned),
        "differences": tuned_differences(tuned, results.metric),
        "subject": subject_section(tuned),
        "costs": cost_table([(each.name, each.costs, each.seconds) for each in tuned.histories]),
        "copies": copying_of_tuned(results),
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
    named, section = zip(tuned.cells, tuned.drifts, strict=True), tuned.section
    subjects = [
        Subject(BASE, tuned.base_beside(best), best.evaluations),
        *(Subject(cell.line, judgement, cell.evaluations) for cell, judgement in named),
    ]
    own = section.get("base") is None or section["style"] is not None
    caption = "On the base's own holdout" if own else "Beside the base's images"
    about = " ".join([OF_THE_BASE if own else OF_ANOTHERS, *tuned.of_drift])
    floors = tuned.floors if tuned.on_base_data else results.floors
    table = ranked_table(caption, subjects, floors, metric, best=0, noun="images")
    plots = plotted(of_drift(tuned, metric)) if metric else []
    return {"about": about, "table": table, "plots": plots}
