"""What a row of MLflow's table of runs is, and which row it belongs to.

Rows are not nested by MLflow's own tag for that. MLflow opens its table with nested rows folded in,
and draws, compares and shows the images of what is unfolded alone: a nested sweep opens as one
line beside the words "No charts in this section", and each model must be unfolded before its cells
are. Flat, the page opens with every cell in the charts, in the columns of figures and in the image
grid. What belongs together is found by the tags `sweep` and `alphabar.row`, by which MLflow groups
and filters; a cell's description links to its model and its sweep.
"""

from typing import Literal

from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from components.spec.record_tags import PARENT

ROW = "row"
"""Run tag: what it is, a `Kind`."""

OF_SWEEP = "sweep"
"""Run tag of every row: the name of the sweep's run."""

NOTE = "mlflow.note.content"
"""Tag of a run, or of an experiment: what MLflow shows as its description, in Markdown."""

FAILED = "alphabar.failed"
"""Run tag: what stopped its stage."""

STAGE = "alphabar.stage"
"""Run tag: the name of the stage run that it records."""

VIEW = "?workflowType=machine_learning"
"""Of an address in MLflow: its view of model training, in browsers that keep the other one, too."""

Kind = Literal["sweep", "model", "cell", "codec", "scorer"]


def above(run: Run) -> str | None:
    """The id of the run that ``run`` belongs to; None for a sweep's.

    Runs of versions before were nested.
    """
    tags: dict[str, str] = run.data.tags
    return tags.get(PARENT) or tags.get(MLFLOW_PARENT_RUN_ID)


def link(experiment_id: str, run_id: str, words: str, path: str = "") -> str:
    """A Markdown link to a run's page in MLflow, or to the artifact ``path`` of it."""
    artifact = f"/artifacts/{path}" if path else ""
    return f"[{words}](#/experiments/{experiment_id}/runs/{run_id}{artifact}{VIEW})"
