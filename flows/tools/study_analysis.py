"""What a study's answers say: `alphabar study analyze`."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError
from components.figures.study_figures import StudyFigures
from components.files.full_disk import naming_a_full_disk
from components.files.manifest import intact
from flows.run.known_names import missing_store
from flows.run.studies import SUMMARY
from flows.telling import note, show, tell
from flows.tools.study_place import find_study
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.preference.analysis.opened import Study
    from components.preference.analysis.preferred import Settings
    from components.preference.analysis.written import Written


@dataclass(frozen=True)
class Analysed:
    """An analysis and where it lies.

    Attributes:
        figures: all that was found.
        written: the folder.
        logged: versions that have the figures in MLflow.
        unlogged: why none has; empty where that is clear.
    """

    figures: StudyFigures
    written: "Written"
    logged: list[str]
    unlogged: str


def analyze_study(
    name: str,
    settings: "Settings",
    workspace: Workspace,
    *,
    peek: bool = False,
    question: str | None = None,
    judges: Sequence[str] = (),
) -> Analysed:
    """Analyse a study, write its folder ``analysis/``, and log its rates where MLflow has a store.

    Args:
        question: whose answers decide pairs.
        judges: preference models whose scores are held against the answers.

    Raises:
        AlphabarError: there is no such study, question or judge, or it has no answers.
    """
    from components.preference.analysis.analysed import analyse
    from components.preference.analysis.looks import progress
    from components.preference.analysis.peeks import record_peek
    from components.preference.analysis.report import report
    from components.preference.analysis.written import (
        PAGE,
        REPORT,
        decided_question,
        write_analysis,
    )
    from components.preference.answers.imported import import_answers
    from components.reporting.study import words
    from components.reporting.study.page import study_page
    from flows.tools.study_scores import asked_of, automatic_of

    study = find_study(name, workspace)
    if question is not None:
        decided_question(study.about, question)
    imported = import_answers(study.folder, [], study.key)
    if not imported.kept:
        raise AlphabarError(
            f"the study {study.about.name} has no answers",
            f"take them in: `alphabar study import {name} FILE...`",
        )
    if peek:
        record_peek(study.folder, progress(study, imported, peek=peek), datetime.now(UTC))
    automatic = automatic_of(study, workspace, judges)
    figures = analyse(study, imported, settings, peek=peek, automatic=automatic)
    page = study_page(figures, _images(study, figures), _files(figures))
    said = "\n".join(words.summary(figures))
    texts = {PAGE: page, REPORT: report(study, figures), SUMMARY: f"{said}\n"}
    asked = asked_of(study, workspace.store_root)
    with naming_a_full_disk(study.folder):
        written = write_analysis(study, imported, figures, texts, question, asked)
    return Analysed(figures, written, *_log(study, figures, workspace))


def _files(figures: StudyFigures) -> list[str]:
    from components.preference.analysis import decided, written

    files = [written.REPORT, written.ANSWERS, written.FIGURES_CSV, written.FIGURES_JSON]
    if figures.progress.finished and figures.kind == "pairwise":
        files.append(f"{decided.FOLDER}/{decided.TABLE}")
    return [*files, written.REFUSED]


def _images(study: "Study", figures: StudyFigures) -> dict[str, str]:
    """The images of the pairs on the page, as ``data:`` addresses."""
    pairs = (*figures.contested, *figures.one_sided)
    files = {file for pair in pairs for file in pair.files.values()}
    return {file: _data_uri(study.folder / file) for file in sorted(files)}


def _data_uri(path: Path) -> str:
    content = intact(path).read_bytes()
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _log(study: "Study", figures: StudyFigures, workspace: Workspace) -> tuple[list[str], str]:
    """The versions that got the figures; or why none did."""
    known = [about for about in study.key.models.values() if about.get("registered")]
    known += [about for about in study.key.models.values() if about.get("model")]
    if not known:
        return [], ""
    if not figures.progress.told:
        return [], ""
    if missing_store(workspace):
        return [], "nothing is recorded in MLflow here"
    from components.tracking.connection import connect
    from components.tracking.study_log import log_study

    try:
        tracker = connect(workspace.tracking_uri, workspace.root)
        logged = log_study(tracker, figures, study.key.models)
    except AlphabarError as error:
        return [], f"MLflow has not got the figures: {error.line}"
    nobody = f"no registered version is a model of the study {study.about.name}"
    return logged, "" if logged else nobody


def show_analysis(done: Analysed) -> None:
    """Print the rates, what follows from them, and where the page is."""
    from components.preference.analysis.written import PAGE
    from components.reporting.study import tables, words

    figures = done.figures
    rates = tables.rate_table(figures)
    if rates.rows:
        show(rates, **figures.record())
    else:
        tell("", **figures.record())
    for sentence in words.summary(figures):
        tell(sentence)
    for each in figures.notes:
        note(each)
    page = done.written.folder / PAGE
    tell(f"the page, and the figures beside it: {page}", page=page)
    if done.written.decided is not None:
        tell(f"decided pairs: {done.written.decided:,}", decided=done.written.decided)
    elif figures.progress.told:
        note(f"no table of decided pairs: {done.written.why}")
    if done.logged:
        tell(f"in MLflow on {', '.join(done.logged)}", logged=done.logged)
    if done.unlogged:
        note(done.unlogged)
