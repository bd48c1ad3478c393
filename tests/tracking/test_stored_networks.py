"""In which settings recorded cells differ, by what the store holds of their stages."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from components.files.new_folder import seal_folder
from components.store import Store
from components.tracking.stored_networks import differing_settings, network_of, was_trained


def publish(store: Store, stage: str, key: str, spec: dict[str, Any], **inputs: str) -> Path:
    folder = store.root / stage / (key * 64)
    folder.mkdir(parents=True)
    (folder / "history.csv").write_text("step,loss\n")
    seal_folder(folder, {"stage": stage, "key": folder.name, "spec": spec, "inputs": inputs})
    return folder


def cell(key: str, sampled: Path | None, **params: str) -> Any:
    return SimpleNamespace(
        network=key, sampled=sampled, recorded=SimpleNamespace(params=dict(params))
    )


def test_a_fine_tune_has_its_base_s_settings_and_is_told_by_its_kind(tmp_path: Path) -> None:
    store = Store(tmp_path)
    network = {"process": {"schedule": "cosine"}, "network": {"kind": "unet"}}
    base = publish(store, "train", "a", network)
    own = {"kind": "lora", "training": {"steps": 5}}
    tuned = publish(store, "finetune", "b", own, model=base.name)
    few = publish(store, "sample", "c", {"sampling": {"steps": 5}})
    many = publish(store, "sample", "d", {"sampling": {"steps": 9}})
    cells = [cell(base.name, few), cell(tuned.name, few), cell(base.name, many)]
    assert network_of(cells[1], store) == tuned
    assert was_trained(tuned)
    assert differing_settings(cells, store) == [
        {"finetune.kind": None, "sampling.steps": 5},
        {"finetune.kind": "lora", "sampling.steps": 5},
        {"finetune.kind": None, "sampling.steps": 9},
    ]


def test_of_what_is_not_stored_there_is_what_mlflow_has(tmp_path: Path) -> None:
    one = cell("a name", None, **{"sampling.steps": "5", "seed": "0"})
    other = cell("f" * 64, None, **{"sampling.steps": "9", "seed": "0"})
    told = differing_settings([one, other], Store(tmp_path))
    assert told == [{"sampling.steps": "5"}, {"sampling.steps": "9"}]
