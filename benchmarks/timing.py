"""Rounds of several contenders in turn, their medians, and the table that they make."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Work = Callable[[], object]


def in_turn(contenders: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender, once a round; the first contender changes from round to round."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        for place in range(len(names)):
            name = names[(number + place) % len(names)]
            start = time.perf_counter()
            contenders[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def report(
    title: str, seconds: Mapping[str, list[float]], against: str, out: Path | None
) -> dict[str, float]:
    """Print medians, spreads and ratios to ``against``; add them to the JSON file ``out``."""
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    table = Table("", "median s", "least", "most", f"times {against}", title=title)
    for name, each in seconds.items():
        ratio = medians[name] / medians[against]
        table.add_row(
            name, f"{medians[name]:.3f}", f"{min(each):.3f}", f"{max(each):.3f}", f"{ratio:.3f}"
        )
    Console().print(table)
    keep(out, title, seconds)
    return medians


def keep(out: Path | None, title: str, values: Mapping[str, Any]) -> None:
    """Add ``values`` to the JSON file ``out``; None keeps nothing."""
    if out is None:
        return
    known = json.loads(out.read_text()) if out.is_file() else {}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(known | {title: dict(values)}, indent=1) + "\n")
