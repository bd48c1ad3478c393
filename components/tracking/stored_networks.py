"""What a store holds of the networks behind recorded cells: their settings, and their training."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.files.manifest import MANIFEST, read_manifest, there
from components.store import Store
from components.tracking.stored_cells import StoredCell

NETWORKS = ("train", "finetune", "checkpoint", "base")
"""The stages that give a network."""

TUNED, KIND = "finetune", ".kind"


def network_of(cell: StoredCell, store: Store) -> Path | None:
    """The directory of the network that a cell was sampled from; None where it is not stored."""
    return _network(cell.network, store)


def _network(key: str, store: Store) -> Path | None:
    places = (store.root / stage / key / MANIFEST for stage in NETWORKS)
    named = key.isalnum()  # else the network's name, which is no key
    return next((place.parent for place in places if named and place.is_file()), None)


def was_trained(network: Path) -> bool:
    """Whether its losses are kept."""
    return there(network / "history.csv")


def differing_settings(cells: Sequence[StoredCell], store: Store) -> list[dict[str, Any]]:
    """For each cell dotted path → value, of the settings that are not the same for all.

    Of a section that some cells do not have, such as a fine-tune's, there is what differs among
    the others, and its kind. Of cells whose stages are not stored there are the settings that
    MLflow has.
    """
    known = [_settings(cell, store) for cell in cells]
    paths = dict.fromkeys(path for settings in known for path in settings)
    differ = [path for path in paths if _differs([s[path] for s in known if path in s])]
    lacked = [p for p in paths if p.endswith(KIND) and any(p not in s for s in known)]
    shown = [*dict.fromkeys((*lacked, *differ))]
    return [{path: settings.get(path) for path in shown} for settings in known]


def _differs(values: Sequence[Any]) -> bool:
    return len(set(map(str, values))) > 1


def _settings(cell: StoredCell, store: Store) -> dict[str, Any]:
    network = network_of(cell, store)
    found = _of_network(network, store) if network else {}
    if cell.sampled:
        found |= dict(_leaves(read_manifest(cell.sampled)["spec"], ""))
    return found or dict(cell.recorded.params)


def _of_network(network: Path, store: Store) -> dict[str, Any]:
    """What a network was made with; a fine-tune's base first, then its own."""
    manifest = read_manifest(network)
    base = _network(str(manifest.get("inputs", {}).get("model", "")), store)
    found = _of_network(base, store) if base else {}
    under = f"{TUNED}." if manifest["stage"] == TUNED else ""
    return found | dict(_leaves(manifest.get("spec", {}), under))


def _leaves(section: Mapping[str, Any], under: str) -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{under}{name}.")
        else:
            yield f"{under}{name}", value
