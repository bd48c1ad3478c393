"""What Git keeps of a stage of `dvc repro`: some numbers beside its folder, which `dvc metrics` and
`dvc exp show` print in one table: the few that are decided by, so that it is 120 columns wide.

A figure by the judge that ships has a short name; one by another judge its whole name, so that
nobody takes the difference of the two.
"""

from collections.abc import Mapping
from pathlib import Path

from components.figures.record import SUMMARY
from components.files.json_file import read_object, write_json
from components.files.manifest import intact
from components.files.put import put
from components.spec.metrics import family_of

OURS = {
    "fd_efficientnet_lite0": "fd",
    "precision_efficientnet_lite0": "precision",
    "recall_efficientnet_lite0": "recall",
    "drift_efficientnet_lite0": "drift",
    "clip_score_domain": "clip",
    "recognised_svc": "recognised",
}
"""Figures by the judges that ship → what they are called in the table."""

FAMILIES = {family_of(name) for name in OURS} | {"fid", "likeness", "elbo_bpd"}
ENDS = ("_low", "_high")
DIGITS = 4


def figures_file(folder: Path) -> Path:
    """Where the numbers of the stage run with this folder are: beside it."""
    return folder.with_suffix(".json")


def write_figures(folder: Path) -> None:
    """Write `figures_file` of a stage run that judges."""
    numbers = read_object(intact(folder / SUMMARY), f"delete {folder} and run `dvc repro` again")
    with put(figures_file(folder)) as part:
        write_json(part, brief(numbers))


def brief(numbers: Mapping[str, float]) -> dict[str, float]:
    """Those of a summary's numbers that the table has, by their short names, to four digits."""
    named = {name: _short(name) for name in numbers}
    return {short: float(f"{numbers[name]:.{DIGITS}g}") for name, short in named.items() if short}


def _short(name: str) -> str | None:
    """``fd_efficientnet_lite0_low`` is ``fd_low``; None for what the table leaves out."""
    end = next((end for end in ENDS if name.endswith(end)), "")
    whole = name.removesuffix(end)
    return f"{OURS.get(whole, whole)}{end}" if family_of(whole) in FAMILIES else None
