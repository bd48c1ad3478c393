"""Seconds of a finished run's rerun: `alphabar run FILE` where nothing is left to do."""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.timing import in_turn, report

ALPHABAR = Path(sys.executable).with_name("alphabar")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="an experiment file that has run in this folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a JSON file that the seconds are added to")
    options = parser.parse_args()

    def command(*words: object) -> str:
        line = [str(ALPHABAR), *map(str, words)]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout

    if "stages   0 run" not in command("run", options.file):
        raise SystemExit(f"{options.file} was not finished before; it is now, so run this again")
    contenders = {
        "rerun": lambda: command("run", options.file),
        "plan": lambda: command("plan", options.file),
    }
    seconds = in_turn(contenders, options.rounds)
    report("a finished run's rerun", seconds, "plan", options.out)


if __name__ == "__main__":
    main()
