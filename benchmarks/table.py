"""The table of goals and ratios that the figures of a JSON file of `benchmarks.timing` give."""

import argparse
import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

Seconds = Mapping[str, Mapping[str, list[float]]]
"""Title of a comparison → contender → seconds of each round."""


@dataclass(frozen=True)
class Goal:
    """How many times as fast one contender is to be as another.

    Each of the three texts has words that are all in the title or in the contender's name, and
    behind ``not`` words that are not, in letters of either case.

    Attributes:
        least: median seconds of theirs ÷ median seconds of ours.
    """

    title: str
    ours: str
    theirs: str
    least: float


GOALS = (
    Goal("training steps unet compiled", "ours", "diffusers", 2.0),
    Goal("training steps dit compiled", "ours", "diffusers", 2.0),
    Goal("training steps unet compiled", "ours", "bare", 0.9),
    Goal("training steps dit compiled", "ours", "bare", 0.9),
    Goal("training steps unet not compiled", "ours", "diffusers", 1.0),
    Goal("training steps dit not compiled", "ours", "diffusers", 1.0),
    Goal("unconditional", "alphabar", "ddimpipeline", 2.0),
    Goal("class-conditional", "alphabar not dpmpp", "loop ddimscheduler", 2.0),
    Goal("unconditional", "alphabar", "bare", 0.97),
    Goal("one pass images", "features only", "eager network", 0.9),
)
"""Of an H100-class GPU. What is not compiled is to be no slower; extraction is to be bound by the
network."""


@dataclass(frozen=True)
class Row:
    """A goal held against figures.

    Attributes:
        title: of the comparison; the goal's own where there is none.
        ratio: None where nothing was measured.
    """

    goal: Goal
    title: str
    ours: str = ""
    theirs: str = ""
    ratio: float | None = None

    @property
    def met(self) -> str:
        if self.ratio is None:
            return "not measured"
        return "yes" if self.ratio >= self.goal.least else "no"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    found: Seconds = json.loads(options.file.read_text()) if options.file.is_file() else {}
    table = Table("comparison", "ours", "beside", "times as fast", "asked", "met", title="goals")
    for row in (row for goal in GOALS for row in rows(goal, found)):
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.title, row.ours, row.theirs, ratio, f"{row.goal.least:g}", row.met)
    Console(width=150).print(table)


def rows(goal: Goal, found: Seconds) -> Iterator[Row]:
    """One for each pair that the goal is of; one without figures where there is none."""
    pairs = [
        Row(goal, title, ours, theirs, median(each, theirs) / median(each, ours))
        for title, each in found.items()
        if meant(goal.title, title)
        for ours in each
        if meant(goal.ours, ours)
        for theirs in each
        if theirs != ours and meant(goal.theirs, theirs)
    ]
    yield from pairs or [Row(goal, goal.title, goal.ours, goal.theirs)]


def median(seconds: Mapping[str, list[float]], name: str) -> float:
    return statistics.median(seconds[name])


def meant(words: str, name: str) -> bool:
    """Whether a name has all the words, and none of those after ``not``."""
    wanted, _, unwanted = words.partition(" not ")
    has = [word in name.lower() for word in wanted.split()]
    return all(has) and not any(word in name.lower() for word in unwanted.split())


if __name__ == "__main__":
    main()
