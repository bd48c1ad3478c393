"""When, where and at what cost the stages ran that a report shows, from their manifests.

Times, machines and commits are others in every run: a folder of `dvc repro` has none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from components.files.manifest import MANIFEST, read_manifest, there
from components.reporting.tables.cost_table import duration, size
from components.reporting.words.naming import count
from components.training.costs import Costs, read_costs

KINDS = {
    "training": ("train", "finetune", "autoencoder", "scorer"),
    "sampling": ("sample",),
    "judging": ("evaluate", "reference", "similarity"),
}
"""What stages do, in words."""
_COUNTED = {stage for stages in KINDS.values() for stage in stages}
SHORT = 12
"""Letters of a commit that are shown."""


@dataclass(frozen=True)
class Provenance:
    """The circumstances of several stages.

    Attributes:
        ended: when the last of them was done, UTC; None where no manifest says.
        commits: of the working tree that each ran from, once each.
        hardware: what they ran on, once each.
        seconds: what they did, in the words of `KINDS` → wall time of all of them.
        stages: how many say so.
        peak_memory: bytes, the most of any training; None where none was measured.
        memory: whose that is, as in `Costs`.
    """

    ended: datetime | None
    commits: tuple[str, ...]
    hardware: tuple[str, ...]
    seconds: Mapping[str, float]
    stages: int
    peak_memory: int | None
    memory: str

    @property
    def commit(self) -> str:
        """The commit to check out, empty where there is not just one that was whole."""
        return self.commits[0] if len(self.commits) == 1 and not self.dirty else ""

    @property
    def dirty(self) -> bool:
        """Whether a stage ran from a working tree that was not as committed."""
        return any(commit.endswith("-dirty") for commit in self.commits)

    def facts(self) -> list[tuple[str, str]]:
        """What a page's head says of it, a name and words each; empty where nothing is known."""
        parts = [f"{duration(seconds)} {kind}" for kind, seconds in self.seconds.items()]
        whole = sum(self.seconds.values())
        found = {
            "made": self.ended.strftime("%Y-%m-%d %H:%M UTC") if self.ended else "",
            "commit": ", ".join(map(_commit_words, self.commits)),
            "hardware": "; ".join(self.hardware),
            "time": ", ".join(parts),
            "peak memory": f"{size(self.peak_memory)}, {self.memory}" if self.peak_memory else "",
            "cost": f"{whole:,.0f} device seconds ({duration(whole)}) in "
            f"{count(self.stages, 'stage')}"
            if whole
            else "",
        }
        return [(name, words) for name, words in found.items() if words]


UNKNOWN = Provenance(None, (), (), {}, 0, None, "")


def read_provenance(directories: Iterable[Path]) -> Provenance:
    """The circumstances of those published stages that `KINDS` has, each directory once.

    Raises:
        AlphabarError: a manifest is damaged.
    """
    folders = [folder for folder in dict.fromkeys(directories) if there(folder / MANIFEST)]
    manifests = [read_manifest(folder) for folder in folders]
    told = [m for m in manifests if "wall_seconds" in m and m["stage"] in _COUNTED]
    measured = [costs for costs in map(read_costs, folders) if costs.peak_memory]
    most = max(measured, key=lambda costs: costs.peak_memory or 0, default=Costs())
    seconds = {
        kind: sum(m["wall_seconds"] for m in told if m["stage"] in stages)
        for kind, stages in KINDS.items()
    }
    return Provenance(
        max((datetime.fromisoformat(m["ended"]) for m in told if "ended" in m), default=None),
        tuple(sorted({m["git_commit"] for m in told if m["git_commit"]})),
        tuple(sorted({_hardware(m) for m in told if m.get("compute")})),
        {kind: took for kind, took in seconds.items() if took},
        len(told),
        most.peak_memory,
        f"of the {most.memory}" if most.memory else "",
    )


def _hardware(manifest: Mapping[str, Any]) -> str:
    """The device, and the processor's name beside it, or instead where it is the device."""
    device, processor = manifest["device"], manifest.get("processor", "")
    compute = manifest.get("compute") or {}
    threads = f", {count(compute['threads'], 'thread')} a stage" if "threads" in compute else ""
    if device != "cpu":
        return f"{device}, on {processor}" if processor else device
    return f"{processor}{threads}" if processor else f"cpu{threads}"


def _commit_words(commit: str) -> str:
    plain = commit.removesuffix("-dirty")
    return plain[:SHORT] + (", with changes that were not committed" if plain != commit else "")


def configuration(directories: Iterable[Path]) -> str:
    """All that stages were told, defaults among it, as YAML; empty without manifests."""
    folders = [folder for folder in directories if there(folder / MANIFEST)]
    sections: dict[str, Any] = {}
    for folder in folders:
        manifest = read_manifest(folder)
        spec = manifest.get("spec", {})
        nested = all(isinstance(part, Mapping) for part in spec.values())
        sections |= spec if nested or manifest["stage"] == "sample" else {manifest["stage"]: spec}
    return yaml.safe_dump(sections, sort_keys=True, allow_unicode=True) if sections else ""
