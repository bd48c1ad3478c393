"""The other side of `benchmarks.chain`: `benchmarks/scripts`, a process each, cell after cell."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from components.data.arrays import SplitName, load_info, load_split
from components.files.tables import write_table
from components.generation.prompts import class_captions
from components.runtime import silent
from components.spec.experiment import Experiment
from components.spec.loading import parse_experiment
from components.spec.plan import Node, Plan, in_order
from flows.run.execution import produce
from flows.run.outside import plan_here
from flows.workspace import Workspace


def call(command: Sequence[object], folder: Path, environment: dict[str, str]) -> None:
    """Run a command; raises SystemExit with what it said where it fails."""
    line = [str(word) for word in command]
    done = subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(line)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


@dataclass
class Scripts:
    """The scripts of every cell, on images in folders.

    Attributes:
        given: what they start from: train/, holdout/, prompts.csv and the scorer's folder.
        spared: of each run, seconds of trainings that are of a schedule once more.
        figures: of the last run: cell → name → value.
        parts: seconds of each script, of all runs.
    """

    folder: Path
    given: Path
    scorer: Path
    plan: Plan
    environment: dict[str, str]
    spared: list[float] = field(default_factory=list)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)

    @classmethod
    def beside(
        cls, folder: Path, fetched: Path, values: dict[str, Any], environment: dict[str, str]
    ) -> "Scripts":
        """With the holdout and the scorer that ``values`` give an experiment."""
        workspace = Workspace.here(root=fetched, store=folder / "store")
        plan = plan_here(parse_experiment(values, "the sweep"), workspace)
        inputs = plan.cells[0].evaluate.inputs
        made = {role: published(inputs[role], workspace) for role in ("data", "scorer")}
        given = folder / "given"
        for split in ("train", "holdout"):
            write_images(made["data"], split, given / split)
        prompts = enumerate(class_captions(made["data"]))
        write_table(given / "prompts.csv", ("label", "caption"), prompts)
        return cls(folder, given, made["scorer"], plan, environment)

    @property
    def count(self) -> int:
        return len(self.plan.cells)

    def run(self) -> None:
        """Train, sample and evaluate for each cell, as if each were the only one."""
        out, trained = self.folder / str(len(self.spared)), set[str]()
        self.spared.append(0.0)
        for number, cell in enumerate(self.plan.cells):
            place, experiment = out / str(number), cell.cell.experiment
            place.mkdir(parents=True)
            took = self._train(experiment, place)
            if experiment.process.schedule in trained:
                self.spared[-1] += took
            trained.add(experiment.process.schedule)
            self._sample(experiment, place)
            self._evaluate(experiment, place)
            self.figures[cell.name] = json.loads((place / "figures.json").read_text())

    def print_parts(self) -> None:
        whole = sum(self.parts.values())
        shares = ", ".join(f"{name} {part / whole:.2f}" for name, part in self.parts.items())
        print(f"scripts: {shares} of their seconds")

    def _train(self, experiment: Experiment, place: Path) -> float:
        training, network = experiment.training, experiment.network
        return self._script(
            "train", self.given / "train", place,
            "--schedule", experiment.process.schedule, "--steps", training.steps,
            "--channels", *network.channels, "--layers", network.layers_per_block,
            "--batch-size", training.batch_size, "--lr", training.lr,
            "--warmup", training.warmup_steps, "--ema", training.ema,
            "--dropout", experiment.conditioning.dropout,
        )  # fmt: skip

    def _sample(self, experiment: Experiment, place: Path) -> None:
        sampling = experiment.sampling
        self._script(
            "sample", place, self.given / "prompts.csv", place / "images",
            "--solver", sampling.solver, "--steps", sampling.steps,
            "--guidance", sampling.guidance, "--samples", experiment.evaluation.samples,
        )  # fmt: skip

    def _evaluate(self, experiment: Experiment, place: Path) -> None:
        self._script(
            "evaluate", place / "images", self.given / "holdout", self.given / "prompts.csv",
            self.scorer, place / "figures.json", "--size", experiment.evaluation.size,
        )  # fmt: skip

    def _script(self, name: str, *words: object) -> float:
        start = time.perf_counter()
        line = [sys.executable, "-m", f"benchmarks.scripts.{name}", *words]
        call(line, self.folder, self.environment)
        took = time.perf_counter() - start
        self.parts[name] = self.parts.get(name, 0.0) + took
        return took


def published(node: Node, workspace: Workspace) -> Path:
    """The output of a stage, which is run where it has not been."""
    for each in in_order([node]):
        produce(each, workspace, silent)
    return workspace.store.path(node)


def write_images(data: Path, name: SplitName, folder: Path) -> None:
    """A split as a user has it: PNG files with a table of labels."""
    folder.mkdir(parents=True)
    split, classes = load_split(data, name), load_info(data).classes
    for number, image in enumerate(split.images):
        Image.fromarray(np.squeeze(image)).save(folder / f"{number:05d}.png")
    rows = ((f"{k:05d}.png", classes[c]) for k, c in enumerate(split.classes))
    write_table(folder / "metadata.csv", ("file_name", "label"), rows)
