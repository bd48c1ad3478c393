"""The page's section about the fine-tunes."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.figures.figure import main_metric
from components.figures.limits import drift_in
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
from components.reporting.tables.cost_table import Trained, cost_table
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Table
from components.reporting.tables.tuned_table import behind_base
from components.reporting.words.as_read import as_read
from components.reporting.words.copies import copying_of_tuned
from components.reporting.words.distillation import finding, rivals_of, yardstick
from components.spec.catalogue import FINETUNES

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
        "table": _before_and_after_table(results, tuned),
        "same_holdout": tuned.on_base_data and bool(tuned.drifts),
        "read": "" if tuned.learnt else as_read(tuned.figures),
        "why": tuned.why,
        "drift": _drift(results, tuned),
        "differences": tuned_differences(tuned, results.metric),
        "subject": subject_section(tuned, results.metric),
        "costs": cost_table(
            [Trained(each.name, each.costs, each.seconds, each.path) for each in tuned.histories]
        ),
        "copies": copying_of_tuned(results),
        "findings": _findings(tuned.cells, results) if tuned.at_equal_cost else [],
        "pictures": _before_and_after(results, choice),
        "plots": plotted(of_tuning(tuned, results.spec["looks"]["finetune"])),
        "remarks": ". ".join(
            f"{each.name}: {each.remarks}" if len(tuned.histories) > 1 else each.remarks
            for each in tuned.histories
            if each.remarks
        ),
        "settings": _settings(tuned),
        "settings_of": tuned.chosen.line if len(tuned.histories) > 1 else "",
        "chosen": tuned.chosen.line,
        "pictures_left_out": max(0, len(tuned.cells) - MOST_TUNED),
    }


def _before_and_after_table(results: Results, tuned: Finetuned) -> Table:
    """The base and the tuned models on the holdout of the new data."""
    caption, metric = "Before and after", main_metric(tuned.figures)
    subjects = tuned.subjects(results.chosen)
    if tuned.at_equal_cost:
        return ranked_table(caption, subjects, tuned.floors, metric, noun="images")
    drifts = [drift_in(each.figures, results.metric or "") for each in tuned.drifts]
    return behind_base(caption, subjects, tuned.floors, metric, tuned.best, tuned.kept, drifts)


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


def _settings(tuned: Finetuned) -> list[tuple[str, object]]:
    """The chosen one's settings that its kind reads, those of a section of its own by ``a.b``."""
    others = {name for entry in FINETUNES.values() for name in entry.options}
    entry, flat = tuned.entry, dict[str, object]()
    unread = others - {*entry.options}
    own = entry.settings.model_fields if entry.settings else {}
    read_by_it = own.keys() - entry.unread(tuned.section)
    usual = {name: own[name].default for name in read_by_it}  # what no section says, being usual
    for name, value in (usual | dict(tuned.section)).items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{part}": each for part, each in value.items()}
        else:
            flat[name] = ", ".join(map(str, value)) if isinstance(value, list) else value
    read = {name: value for name, value in flat.items() if name.partition(".")[0] not in unread}
    return [(name, value) for name, value in sorted(read.items()) if value not in (None, "")]


OF_THE_BASE = (
    "The same models on what the base could do: its own holdout, and, image by image, what it drew "
    "from the same seeds and prompts."
)
OF_ANOTHERS = (
    "How far the tuned models have gone from what the base drew, image by image, from the same "
    "seeds and prompts. Which images the base's own holdout had is not known here: the other "
    "figures are to the holdout of this data."
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
    table = behind_base(caption, subjects, floors, metric, tuned.best, tuned.kept)
    plots = plotted(of_drift(tuned, metric)) if metric else []
    return {"about": about, "table": table, "plots": plots}
