"""An experiment's studies where people look for them, and what simulated annotators said."""

from collections.abc import Sequence
from pathlib import Path

from components.errors import AlphabarError
from components.files.manifest import intact
from components.reporting.study_publishing import ANALYSIS, ANSWERS, publish_answers, publish_study
from components.spec.plan import FinetunePlan, Node
from flows.telling import note
from flows.workspace import Workspace

SUMMARY = "summary.txt"
"""Of an analysis: what the study says, a sentence a line."""


def publish_studies(
    pages: Sequence[Node], tuned: FinetunePlan | None, workspace: Workspace, name: str
) -> tuple[Path, ...]:
    """Put the study among ``pages``, and those whose pairs were drawn to learn from, into
    reports/studies/, with what simulated annotators answered; returns their folders.

    Args:
        pages: those that are published.

    Raises:
        AlphabarError: a published file is damaged, or the disk is full.
    """
    studies = dict(zip([name], (n for n in pages if n.stage == "study"), strict=False))
    answers = {node.inputs["study"].key: node for node in pages if node.stage == "answers"}
    for model in tuned.models if tuned else ():
        node = model.finetune.inputs.get("preferences")
        if node is not None and node.stage == "answers":
            asked = node.inputs["study"]
            studies[f"{name}-{asked.name.removeprefix('study-')}"] = asked
            answers[asked.key] = node
    placed = []
    for named, node in studies.items():
        folder = publish_study(workspace.store.path(node), workspace.studies(named))
        if node.key in answers:
            publish_answers(
                workspace.store.path(answers[node.key]), workspace.store.path(node), folder
            )
        placed.append(folder)
    return tuple(placed)


def analyse_simulated(folders: Sequence[Path], workspace: Workspace) -> None:
    """Analyse the simulated studies among ``folders`` that are not; what goes wrong is noted."""
    for folder in folders:
        if (folder / ANALYSIS).is_dir() or not _simulated(folder):
            continue
        from components.preference.analysis.preferred import Settings
        from flows.tools.study_analysis import analyze_study

        try:
            done = analyze_study(str(folder), Settings(), workspace)
        except AlphabarError as error:
            note(f"the study in {folder} is not analysed: {error.line}")
            continue
        if done.unlogged:
            note(done.unlogged)


def study_words(folder: Path) -> list[str]:
    """What a study says, a sentence each; nothing where it is not analysed."""
    path = folder / ANALYSIS / SUMMARY
    return intact(path).read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _simulated(folder: Path) -> bool:
    """Whether a published study has answers of simulated annotators."""
    if not (folder / ANSWERS).is_dir():
        return False
    from components.preference.about import read_about

    return read_about(folder).simulated
