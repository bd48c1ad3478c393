"""What `benchmarks.chain` says of a run beside its seconds: figures of both sides, and where the
time went."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from components.figures.record import read_judgement
from components.files.manifest import MANIFEST, read_manifest
from components.spec.loading import load_experiment
from flows.run.outside import plan_here
from flows.workspace import Workspace

SHOWN = {"fd": "fd_efficientnet_lite0", "kd": "kd_efficientnet_lite0", "clip": "clip_score_domain"}
EVALUATION = ("evaluate", "reference")


def print_figures(root: Path, file: str, theirs: Mapping[str, Mapping[str, float]]) -> None:
    """Both sides' figures of each cell; ours with their intervals."""
    workspace = Workspace.here(root=root)
    table = Table("cell", *(f"{name}, {side}" for name in SHOWN for side in ("ours", "theirs")))
    for cell in plan_here(load_experiment(root / file), workspace).cells:
        found = read_judgement(workspace.store.path(cell.evaluate)).figures
        row = []
        for name, figure in SHOWN.items():
            ours = found[figure]
            row += [f"{ours.value:.3f} [{ours.low:.3f}, {ours.high:.3f}]",
                    f"{theirs[cell.name][name]:.3f}"]  # fmt: skip
        table.add_row(cell.name, *row)
    Console(width=150).print(table)


@dataclass(frozen=True)
class Work:
    """A stage run: when it began and ended, in seconds of a clock."""

    stage: str
    began: float
    ended: float


def print_stages(root: Path, whole: float) -> float:
    """Seconds by stage, and of those when none ran; the share of evaluation in the stages' own."""
    found = [_work(path.parent) for path in root.glob(f"artifacts/*/*/{MANIFEST}")]
    runs = Counter(each.stage for each in found)
    seconds = {
        stage: sum(each.ended - each.began for each in found if each.stage == stage)
        for stage in runs
    }
    total = sum(seconds.values())
    table = Table("stage", "runs", "seconds", "share of the stages'", title="where our time goes")
    for stage, took in sorted(seconds.items(), key=lambda item: -item[1]):
        table.add_row(stage, str(runs[stage]), f"{took:.1f}", f"{took / total:.2f}")
    busy = covered(found)
    table.add_row("all stages", str(runs.total()), f"{total:.1f}", "")
    table.add_row("at least one runs", "", f"{busy:.1f}", "")
    table.add_row("none runs", "", f"{whole - busy:.1f}", "")
    Console().print(table)
    return sum(seconds.get(stage, 0.0) for stage in EVALUATION) / total


def covered(found: list[Work]) -> float:
    """Seconds in which at least one of them runs."""
    total, until = 0.0, float("-inf")
    for each in sorted(found, key=lambda work: work.began):
        total += max(0.0, each.ended - max(until, each.began))
        until = max(until, each.ended)
    return total


def _work(directory: Path) -> Work:
    manifest = read_manifest(directory)
    ended = datetime.fromisoformat(manifest["ended"]).timestamp()
    return Work(manifest["stage"], ended - manifest["wall_seconds"], ended)
