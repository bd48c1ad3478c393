"""Samples made by hand against an experiment's holdout: what `alphabar evaluate` does."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.runtime import Progress, Runtime
from components.spec.models import Experiment
from components.spec.plan import Node, in_order, plan_baselines
from flows.console import Display
from flows.execution import ProgressEvent, produce
from flows.results import print_table
from flows.workspace import Workspace


@dataclass(frozen=True)
class Judged:
    """A folder's metrics.json beside that of real images."""

    name: str
    content: dict[str, Any]
    floor: dict[str, Any]

    def show(self) -> None:
        """Print both."""
        from components.reporting.table import results_table

        print_table(results_table([(self.name, self.content)], self.floor), "against the holdout")


def judge_samples(
    samples: Path,
    experiment: Experiment,
    style: str | None,
    workspace: Workspace,
    display: Display,
) -> Judged:
    """Evaluate the images in ``samples``; the scorer and the reference are published on the way.

    Raises:
        AlphabarError: ``samples`` is not a folder of samples, or the style does not exist.
    """
    for name in ("images.npy", "samples.csv"):
        if not (samples / name).is_file():
            raise AlphabarError(
                f"{samples} has no {name}", "give a folder that `alphabar sample` made"
            )
    from components.data.pin import pinned_hashes
    from components.spec.loading import validate

    values = experiment.model_dump(mode="json") | {"sweep": {}, "also": []}
    if style is not None:
        values |= {"finetune": None, "study": None, "data": values["data"] | {"style": style}}
    plan = plan_baselines(validate(values, "the experiment"), pinned_hashes(workspace.root))
    judge = plan.cells[0].evaluate
    needed = {role: node for role, node in judge.inputs.items() if role != "samples"}
    accelerator = experiment.runner.accelerator
    for node in in_order(needed.values()):
        if not workspace.store.has(node):
            display.start(node.name)
            produce(node, workspace, accelerator, _relay(display, node))
            display.finish(node.name)
    from flows.stages import prepare_process, run_stage

    prepare_process(threads=None)
    inputs = {role: workspace.store.path(node) for role, node in needed.items()}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        runtime = Runtime(accelerator=accelerator)
        run_stage("evaluate", judge.spec, inputs | {"samples": samples}, out, runtime)
        content = json.loads((out / "metrics.json").read_text())
    floor = json.loads((inputs["reference"] / "metrics.json").read_text())
    return Judged(samples.name, content, floor)


def _relay(display: Display, node: Node) -> Progress:
    def progress(done: int, total: int, note: str = "") -> None:
        display.event(ProgressEvent(node.name, done, total, note))

    return progress
