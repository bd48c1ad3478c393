"""A whole sweep by `alphabar run`, beside the separate scripts that a user would run today.

The sweep is that of experiments/digits.yaml: its data, schedules, guidance scales and the cell with
another solver, every cell evaluated with intervals; without fine-tune, study and registry. Ours is
one command in an empty folder: its imports, Prefect's server, every stage, MLflow's records and the
report are in its time. Theirs is `benchmarks/scripts`, a process each, for every cell: a training
loop of diffusers, samples as PNG files, then clean-fid's FID and KID, prdc and torchmetrics'
CLIPScore. A second row of theirs trains once a schedule, as a careful user would by hand.

Of 60 steps instead of the file's 500, and one evaluation in each training instead of two: the
file's two take an eighth of a training's time, and would take half of one so short.

What is given to theirs and not timed: images in folders, the holdout, and the trained scorer, whose
training is in our time. Theirs has no intervals, no evaluations in training, no accuracy of a
classifier, no floor and no report.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.chain_figures import print_figures, print_stages
from benchmarks.chain_scripts import Scripts, call
from benchmarks.timing import in_turn, report
from components.data.fetch import fetch
from flows.run.stages import THREAD_VARIABLES

ROOT = Path(__file__).parents[1]
FILE = ROOT / "experiments" / "digits.yaml"
ALPHABAR = Path(sys.executable).with_name("alphabar")
LEFT_OUT = ("finetune", "study", "registry")
OURS, THEIRS, ONCE = "alphabar run", "a script for each cell", "scripts, one training a schedule"
GOAL, SHARE = 3.0, 0.2

QUICK: dict[str, Any] = {
    "scorer": {"steps": 10},
    "evaluation": {"classifier": "none", "samples": 40},
    "sweep": {"process.schedule": ["cosine"], "sampling.guidance": [2]},
    "also": [],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60, help="of each training")
    parser.add_argument("--samples", type=int, default=200, help="of each cell")
    parser.add_argument("--full", action="store_true", help="the file as it is, one round")
    parser.add_argument("--quick", action="store_true", help="one cell, to see that it runs")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    values = experiment(options.steps, options.samples, full=options.full, quick=options.quick)
    training, samples = values["training"]["steps"], values["evaluation"]["samples"]
    environment = plain_environment()
    with tempfile.TemporaryDirectory() as folder:
        fetched = Path(folder) / "fetched"
        fetched.mkdir()
        shutil.copy(ROOT / "data.dvc", fetched)
        fetch(fetched)
        ours = Chain(Path(folder) / "ours", fetched, values, environment)
        theirs = Scripts.beside(Path(folder) / "theirs", fetched, values, environment)
        rounds = 1 if options.full or options.quick else options.rounds
        ours.clone(rounds)
        seconds = in_turn({OURS: ours.run, THEIRS: theirs.run}, rounds)
        seconds[OURS] = without(seconds[OURS], ours.aside)
        seconds[ONCE] = without(seconds[THEIRS], theirs.spared)
        title = f"{theirs.count} cells of {training} steps and {samples} images"
        medians = report(title, seconds, OURS, options.out)
        for name in (THEIRS, ONCE):
            ratio = medians[name] / medians[OURS]
            print(f"{OURS}: {ratio:.2f} times faster than {name}; {GOAL:.0f} are asked")
        print_figures(ours.last, FILE.name, theirs.figures)
        share = print_stages(ours.last, seconds[OURS][-1])
        print(f"evaluation: {share:.2f} of the stages' seconds; {SHARE} are asked")
        theirs.print_parts()


def experiment(steps: int, samples: int, *, full: bool, quick: bool) -> dict[str, Any]:
    """What both sides do: the file's sweep, smaller where it is not to be whole."""
    values: dict[str, Any] = yaml.safe_load(FILE.read_text())
    values = {name: part for name, part in values.items() if name not in LEFT_OUT}
    if not full:
        of_training = {"steps": steps, "evaluate_every": steps}
        values["training"] |= {"steps": 4, "evaluate_every": 0} if quick else of_training
        values["evaluation"] |= {"samples": samples}
    for name, part in QUICK.items() if quick else ():
        values[name] = values[name] | part if name in ("scorer", "evaluation") else part
    return values


def without(seconds: list[float], aside: list[float]) -> list[float]:
    return [whole - part for whole, part in zip(seconds, aside, strict=True)]


def plain_environment() -> dict[str, str]:
    """What a user's shell has: no threads are set, so that both sides may use every core."""
    ours = ("PREFECT_", "MLFLOW_", "ALPHABAR_")
    found = {name: value for name, value in os.environ.items()
             if not name.startswith(ours) and name not in THREAD_VARIABLES}  # fmt: skip
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    quiet = {"HF_HUB_OFFLINE": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    return found | quiet | {"DO_NOT_TRACK": "1", "PYTHONPATH": path}


@dataclass
class Chain:
    """`alphabar run` of ``values``, each time in a folder where nothing has run.

    Attributes:
        aside: seconds of each run that stopping Prefect's server took, which would else go on
            beside the others.
    """

    folder: Path
    fetched: Path
    values: dict[str, Any]
    environment: dict[str, str]
    aside: list[float] = field(default_factory=list)

    @property
    def last(self) -> Path:
        """Where the last one ran."""
        return self.folder / str(len(self.aside))

    def clone(self, count: int) -> None:
        """Make so many folders as a clone is with its data fetched."""
        for number in range(1, count + 1):
            root = self.folder / str(number)
            shutil.copytree(self.fetched, root)
            (root / FILE.name).write_text(yaml.safe_dump(self.values, sort_keys=False))

    def run(self) -> None:
        root = self.folder / str(len(self.aside) + 1)
        call([str(ALPHABAR), "run", FILE.name], root, self.environment)
        start = time.perf_counter()
        call([str(ALPHABAR), "down"], root, self.environment)
        self.aside.append(time.perf_counter() - start)


if __name__ == "__main__":
    main()
