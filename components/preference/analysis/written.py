"""What an analysis writes into a study's folder, all of it in one step."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from components.errors import AlphabarError
from components.figures.study_figures import Finding, StudyFigures
from components.files.json_file import write_json
from components.files.new_folder import seal_folder
from components.files.put import put
from components.files.tables import write_table
from components.preference.about import About
from components.preference.analysis.decided import FOLDER as DECIDED
from components.preference.analysis.decided import Asked, write_decided
from components.preference.analysis.made import of_question
from components.preference.analysis.opened import Study
from components.preference.analysis.tallies import tallies
from components.preference.answers.checked import word_of
from components.preference.answers.exclusions import counted, read_exclusions
from components.preference.answers.imported import Imported
from components.preference.answers.row import Refused
from components.preference.design.key import Item

FOLDER = "analysis"
PAGE, REPORT, ANSWERS, REFUSED = "index.html", "report.md", "answers.csv", "refused.csv"
FIGURES_JSON, FIGURES_CSV = "figures.json", "figures.csv"

COLUMNS = (
    "study",
    "pair",
    "question",
    "prompt",
    "group",
    "left",
    "right",
    "answer",
    "annotator",
    "seconds",
    "place",
    "repeat",
    "expected",
    "counted",
    "item",
    "simulated",
)
"""Of answers.csv: an answer a row."""


def decided_question(about: About, wanted: str | None = None) -> str:
    """Whose answers decide pairs and a gate: the wanted question, `quality`, or the only one.

    Raises:
        AlphabarError: the study has no such question, or several and none of them is `quality`.
    """
    asked = list(about.questions)
    if wanted in asked or (wanted is None and "quality" in asked):
        return wanted or "quality"
    if wanted is None and len(asked) == 1:
        return asked[0]
    what = f"does not ask `{wanted}`" if wanted else "asks several questions"
    raise AlphabarError(
        f"the study {about.name} {what}", f"name one of its questions: {', '.join(asked)}"
    )


@dataclass(frozen=True)
class Written:
    """What an analysis wrote.

    Attributes:
        folder: its place.
        decided: pairs in the table of decided ones; None where there is no such table.
        why: there is none; empty where there is one.
    """

    folder: Path
    decided: int | None
    why: str = ""


def write_analysis(
    study: Study,
    imported: Imported,
    figures: StudyFigures,
    texts: Mapping[str, str],
    question: str | None = None,
    asked: Asked | None = None,
) -> Written:
    """Write `analysis/` into the study's folder; what was there is replaced in one step.

    Args:
        texts: file → what it says, such as `PAGE` and `REPORT`.
        question: that decides pairs, as `decided_question` has it.
        asked: as `write_decided` takes it.

    Raises:
        AlphabarError: there is no such question, or an image is not as it was published.
    """
    about, place = study.about, study.folder / FOLDER
    with put(place) as part:
        part.mkdir()
        for name, text in texts.items():
            (part / name).write_text(text, encoding="utf-8")
        write_json(part / FIGURES_JSON, figures.record())
        columns = [each.name for each in fields(Finding)]
        rows = (map(_cell, [*asdict(f).values(), about.simulated]) for f in figures.findings)
        write_table(part / FIGURES_CSV, [*columns, "simulated"], map(list, rows))
        write_table(part / ANSWERS, COLUMNS, _answers(study, imported))
        write_refused(part / REFUSED, imported.refused)
        decided, why = None, _why_undecided(study, figures)
        if not why:
            (part / DECIDED).mkdir()
            name = decided_question(about, question)
            own = of_question(imported.counted, name)
            found = tallies(own, name, study.key)
            decided = write_decided(part / DECIDED, study, found, asked)
        # a folder of its own: the study's manifest knows nothing of what came after it
        seal_folder(part, {"command": "study analyze"})
    return Written(place, decided, why)


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _why_undecided(study: Study, figures: StudyFigures) -> str:
    if study.about.kind != "pairwise":
        return "it asks about single images"
    if not study.key.pairs:
        return "its key names no images"
    return "" if figures.progress.finished else "its planned answers are not all there"


def write_refused(path: Path, refused: tuple[Refused, ...]) -> None:
    """Every answer and file that was not taken: file, where in it, why."""
    rows = ([each.where.file, each.where.place, each.reason] for each in refused)
    write_table(path, ("file", "place", "reason"), rows)


def _answers(study: Study, imported: Imported) -> Iterator[list[object]]:
    key = study.key
    left = set(map(id, counted(imported.kept, read_exclusions(study.folder), key)))
    for row in imported.kept:
        item = key.items[row.item]
        said = word_of(int(row.answer), key.kind)
        expected = "" if item.expected is None else word_of(int(item.expected), key.kind)
        yield [
            row.study,
            item.pair,
            row.question,
            *_of_item(item),
            said,
            row.annotator,
            None if np.isnan(row.seconds) else row.seconds,
            row.order,
            str(item.kind == "repeat").lower(),
            expected,
            str(id(row) in left).lower(),
            row.item,
            str(study.about.simulated).lower(),
        ]


def _of_item(item: Item) -> tuple[str, str, str, str]:
    return item.prompt, item.group, item.left, item.right
