"""Recorded cells with what a store holds of them, for tables and pages that compare runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.figures.figure import Figure
from components.figures.record import read_judgement
from components.files.manifest import MANIFEST, read_manifest
from components.spec.plan.node import stage_key
from components.spec.sections.field_text import value_from
from components.spec.sections.sampling import SamplingSpec
from components.store import Store
from components.tracking.runs import Tracker
from components.tracking.search import RecordedCell, recorded_cells


@dataclass(frozen=True)
class StoredCell:
    """A recorded cell and its published directories; None for what the store does not hold.

    Attributes:
        reference: the floor that it is read beside.
        network: the key of the stage run that trained its network, or else that network's name.
    """

    recorded: RecordedCell
    sampled: Path | None
    reference: Path | None
    network: str

    @property
    def sampling(self) -> dict[str, Any]:
        """The sampling section: the stored one, or else what the run has of it."""
        section: dict[str, Any] = SamplingSpec().model_dump(mode="json")
        if self.sampled:
            section |= read_manifest(self.sampled)["spec"]["sampling"]
            return section
        if "sampling" in self.recorded.settings:
            section |= self.recorded.settings["sampling"]
            return section
        logged = {  # a run of a version that had no experiment.yaml, and every field as a parameter
            name: value_from(self.recorded.params[f"sampling.{name}"], SamplingSpec, name)
            for name in section
            if f"sampling.{name}" in self.recorded.params
        }
        return section | logged


def stored_cells(tracker: Tracker, names_or_ids: Sequence[str], store: Store) -> list[StoredCell]:
    """The cells that `recorded_cells` finds, with their directories in ``store``."""
    return [_stored(cell, store.root) for cell in recorded_cells(tracker, names_or_ids)]


def model_names(cells: Sequence[StoredCell]) -> list[str]:
    """Each cell's network in words; networks of one name are told apart by their keys."""
    words = [
        f"{name.partition('/')[0]} {model.removeprefix('train ')}".strip()
        for name, model in ((each.recorded.name, each.recorded.model) for each in cells)
    ]
    known: dict[str, set[str]] = {}
    for name, cell in zip(words, cells, strict=True):
        known.setdefault(name, set()).add(cell.network)
    return [
        f"{name} ({cell.network[:6]})" if len(known[name]) > 1 else name
        for name, cell in zip(words, cells, strict=True)
    ]


def common_floors(cells: Sequence[StoredCell]) -> dict[str, Figure]:
    """What real images reach, where all runs were measured against one reference."""
    references = {cell.reference for cell in cells}
    reference = references.pop()
    return dict(read_judgement(reference).figures) if reference and not references else {}


def common_ranking(cells: Sequence[StoredCell]) -> str | None:
    """The metric that chose the winner in all of these sweeps, if it is one and all have it."""
    chosen = {cell.recorded.ranked_by for cell in cells}
    metric = chosen.pop()
    whole = all(metric in cell.recorded.judgement.figures for cell in cells)
    return metric if whole and not chosen else None


def _stored(cell: RecordedCell, root: Path) -> StoredCell:
    evaluated = _published(root, "evaluate", cell.stage_key)
    manifest = read_manifest(evaluated) if evaluated else {"inputs": {}, "spec": {}}
    inputs = manifest["inputs"]
    sampled = _published(root, "sample", inputs.get("samples", ""))
    network = read_manifest(sampled)["inputs"].get("model") if sampled else None
    real = {role: key for role, key in inputs.items() if role in ("data", "scorer")}
    judged_by = {name: manifest.get(name) for name in ("weights", "compute", "plugins")}
    floor = stage_key("reference", manifest["spec"], real, **judged_by)
    return StoredCell(cell, sampled, _published(root, "reference", floor), network or cell.model)


def _published(root: Path, stage: str, key: str) -> Path | None:
    """A stage's directory; None for a key that is none, or is not published."""
    directory = root / stage / key
    plain = key.isalnum() and (directory / MANIFEST).is_file()
    return directory if plain else None
