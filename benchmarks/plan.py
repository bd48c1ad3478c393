"""Processor seconds of `alphabar plan` on sweeps of 1,000 and of 10,000 cells.

The command runs whole, in a process of its own, on the packaged data of this folder. Asked of it
are at most 3 s for 1,000 cells and 30 s for 10,000.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.timing import report

ALPHABAR = Path(sys.executable).with_name("alphabar")
GUIDANCES = 10
MOST_SECONDS = {1000: 3.0, 10_000: 30.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for cells, most in MOST_SECONDS.items():
            path = Path(folder) / f"{cells}.yaml"
            path.write_text(yaml.safe_dump(experiment(cells)))
            taken[f"{cells:,} cells"] = [processor_seconds(path) for _ in range(options.rounds)]
            print(f"{cells:,} cells: at most {most:.0f} s are asked")
    report("alphabar plan, processor seconds", taken, "1,000 cells", options.out)


def experiment(cells: int) -> dict[str, object]:
    """A sweep over training seeds and guidance: a tenth as many networks as cells."""
    return {
        "name": "plan",
        "data": {"source": "digits", "size": 8, "holdout": 0.3},
        "sweep": {
            "training.seed": list(range(cells // GUIDANCES)),
            "sampling.guidance": [1 + k / 2 for k in range(GUIDANCES)],
        },
    }


def processor_seconds(path: Path) -> float:
    """User and system time of one `alphabar plan`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([ALPHABAR, "plan", path], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
