"""What a store holds of the networks behind recorded cells: their settings, and their training."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.files.manifest import MANIFEST, read_manifest, there
from components.store import Store
from components.tracking.stored_cells import StoredCell

NETWORKS = ("train", "finetune", "checkpoint", "base")
"""The stages that give a network."""


def network_of(cell: StoredCell, store: Store) -> Path | None:
    """The directory of the network that a cell was sampled from; None where it is not stored."""
    places = (store.root / stage / cell.network / MANIFEST for stage in NETWORKS)
    named = cell.network.isalnum()  # else the network's name, which is no key
    return next((place.parent for place in places if named and place.is_file()), None)


def was_trained(network: Path) -> bool:
    """Whether its losses are kept."""
    return there(network / "history.csv")


def differing_settings(cells: Sequence[StoredCell], store: Store) -> list[dict[str, Any]]:
    """For each cell dotted path → value, of the settings that are not the same for all.

    Of cells whose stages are not stored there are those that MLflow has.
    """
    known = [_settings(cell, store) for cell in cells]
    paths = dict.fromkeys(path for settings in known for path in settings)
    differ = [path for path in paths if len({str(settings.get(path)) for settings in known}) > 1]
    return [{path: settings.get(path) for path in differ} for settings in known]


def _settings(cell: StoredCell, store: Store) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for directory in (network_of(cell, store), cell.sampled):
        if directory is not None:
            found |= dict(_leaves(read_manifest(directory).get("spec", {}), ""))
    return found or dict(cell.recorded.params)


def _leaves(section: Mapping[str, Any], under: str) -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{under}{name}.")
        else:
            yield f"{under}{name}", value
