"""What each training took: time, memory, and the size of what it left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.meter import GPU
from components.reporting.tables.table import Column, Content, Table
from components.training.costs import Costs
from components.training.stopwatch import EVALUATIONS, TRAINING

MEMORY_WORDS = {
    True: "memory is the most that the training's process had allocated on the GPU",
    False: "memory is the most of the training's process that was resident: Python, its libraries, "
    "the data are in it, and what an earlier training of the same process has left",
}


@dataclass(frozen=True)
class Trained:
    """A row of the table.

    Attributes:
        name: what was trained.
        costs: what that took.
        seconds: by part.
        path: where it lies, as in ``artifacts/STAGE/KEY``; empty where that is told elsewhere.
    """

    name: str
    costs: Costs
    seconds: Mapping[str, float] = field(default_factory=dict)
    path: str = ""


KEY = 12
"""Letters of a key that are shown; a shell completes ``*``."""
SHORTENED = "* stands for the rest of a name, as in a shell; results.csv has the whole path"
COLUMNS = (
    Column("trained"),
    Column("parameters", right=True),
    Column("of them trained", brief="of them\ntrained", right=True),
    Column("steps", right=True),
    Column("a step", hint="median, without evaluations", right=True),
    Column("training", right=True),
    Column("evaluations", right=True),
    Column("memory in a step", brief="memory,\na step", right=True),
    Column("memory at most", hint="evaluations included", brief="memory,\nat most", right=True),
    Column("weights", hint="the file of the model, or of what was trained of it", right=True),
    Column("published", hint="all files that it left", right=True),
    Column("path", hint="in the store"),
)


def cost_table(trained: Sequence[Trained]) -> Table:
    """A row for each training."""
    rows = [_row(each) for each in trained]
    table = Table.of_texts("What training took", COLUMNS, rows).without_empty_columns()
    known = {each.costs.memory == GPU for each in trained if each.costs.memory}
    shortened = [SHORTENED] if any(str(row[-1]).endswith("*") for row in rows) else []
    return table.noted(*(MEMORY_WORDS[gpu] for gpu in sorted(known)), *shortened)


def _row(trained: Trained) -> list[Content]:
    costs, seconds = trained.costs, trained.seconds
    return [
        trained.name,
        "" if costs.parameters is None else f"{costs.parameters:,}",
        "" if costs.trained is None else f"{costs.trained:,}",
        "" if costs.steps is None else f"{costs.steps:,}",
        duration(costs.seconds_a_step),
        duration(seconds.get(TRAINING)),
        duration(seconds.get(EVALUATIONS) or None),
        size(costs.step_memory),
        size(costs.peak_memory),
        size(costs.weights),
        size(costs.published),
        _shortened(trained.path),
    ]


def _shortened(path: str) -> str:
    """A path whose last part's end may be ``*``."""
    room, _, key = path.rpartition("/")
    return f"{room}/{key[:KEY]}*" if len(key) > KEY else path


def duration(seconds: float | None) -> str:
    """``12.3 ms``, ``4.56 s``, ``12.3 min`` or ``1.23 h``; empty for None."""
    if seconds is None:
        return ""
    for unit, length in (("h", 3600.0), ("min", 60.0), ("s", 1.0)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds * 1000:.3g} ms"


def size(count: int | None) -> str:
    """``1.23 GiB``, ``45.6 MiB`` or ``7.8 KiB`` of so many bytes; empty for None."""
    if count is None:
        return ""
    for unit, length in (("GiB", 2**30), ("MiB", 2**20)):
        if count >= length:
            return f"{count / length:.3g} {unit}"
    return f"{count / 2**10:.3g} KiB"
