"""What a run leaves on its page at Prefect's: a Markdown artifact."""

import base64
import io
import re
from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact

from components.reporting.tables.markdown import markdown_table, plain_text
from flows.run.results import Outcome, baselines_table, stages_words, tuned_results, what_stopped
from flows.run.since_last import Schedule, remember, since_last
from flows.run.tuned_results import tuned_lines
from flows.run.tuned_table import tuned_table
from flows.workspace import Workspace

PICTURE = "samples.png"
PICTURE_WIDTH, PICTURE_BYTES = 480, 150_000
"""Pixels, and bytes of a picture that is shown: it is kept in Prefect's database."""


def leave_artifact(
    outcome: Outcome, workspace: Workspace, schedule: Schedule | None, source: str
) -> None:
    """Results, best cell, samples and where the report is; of a scheduled run also what changed.

    A run whose artifact Prefect refuses is none the worse; its log says so.
    """
    name = outcome.plan.experiment.name
    changes = []
    try:
        if schedule:
            changes = since_last(outcome, workspace, schedule)
            remember(outcome, workspace, schedule)
        text = as_markdown(outcome, workspace, source, changes)
        create_markdown_artifact(text, key=artifact_key(name), description=f"{name}: results")
    except Exception as error:  # noqa: BLE001 - whatever an API, a disk or a file raises
        get_run_logger().warning(f"this run leaves no artifact: {what_stopped(error)}")


def artifact_key(name: str) -> str:
    """Under what Prefect keeps an experiment's artifacts, newest first."""
    return f"results-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}"


def as_markdown(outcome: Outcome, workspace: Workspace, source: str, changes: list[str]) -> str:
    """The artifact's text."""
    report = outcome.report / "index.html"
    lines = [f"# {plain_text(outcome.plan.experiment.name)}"]
    if source:
        lines.append(f"This run has {plain_text(source)}.")
    lines += [f"Best: **{plain_text(outcome.best.name)}**. Stages: {stages_words(outcome)}."]
    if changes:
        lines.append("## Since the last scheduled run")
        lines.append("\n".join(f"- {plain_text(each)}" for each in changes))
    lines += ["## Results", markdown_table(baselines_table(outcome, workspace))]
    if tuned := tuned_results(outcome, workspace):
        lines.append(markdown_table(tuned_table(tuned)))
        lines.append("\n".join(f"- {plain_text(each)}" for each in tuned_lines(tuned)))
    for name, error in outcome.failures.items():
        lines.append(f"**{plain_text(name)}** failed: {plain_text(what_stopped(error))}")
    if picture := small_picture(outcome.report / PICTURE):
        lines += ["## Samples", f"![samples of every cell]({picture})"]
    lines.append(f"Report: [{plain_text(str(report))}]({report.resolve().as_uri()})")
    lines += [f"Registry: {plain_text(line)}" for line in outcome.registered]
    return "\n\n".join(lines) + "\n"


def small_picture(path: Path) -> str:
    """A picture of the report as a data URI, smaller; empty where there is none that is small."""
    if not path.is_file():
        return ""
    from PIL import Image

    with Image.open(path) as image:
        shown = image.convert("RGB")
    shown.thumbnail((PICTURE_WIDTH, 4 * PICTURE_WIDTH))
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=80)
    if buffer.tell() > PICTURE_BYTES:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
