"""What a training took is read from what it has published, by whichever runner."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.files.manifest import write_manifest
from components.spec.plan import Node
from components.store import Store, Taken, describe
from components.training.costs import Costs, read_costs

NODE = Node("train", "train", {}, {})
TAKEN = {"costs": {"seconds_a_step": 0.5, "step_memory_bytes": 7, "peak_memory_bytes": 9}}


def filled(out: Path) -> None:
    (out / "best").mkdir()
    for name, count in (("model.safetensors", 1000), ("best/model.safetensors", 500)):
        (out / name).write_bytes(b"x" * count)
    (out / "metrics.json").write_text(json.dumps({"parameters": 3, "steps": 5}))


def test_a_store_keeps_what_the_stage_says_and_the_size_of_all_files(tmp_path: Path) -> None:
    def stage(spec: Any, inputs: Mapping[str, Path], out: Path, scratch: Path) -> Taken:
        filled(out)
        return {"costs": {**TAKEN["costs"], "memory": "GPU"}}

    found = read_costs(Store(tmp_path).produce(NODE, stage))
    metrics = len(json.dumps({"parameters": 3, "steps": 5}))
    assert found == Costs(3, 5, 0.5, 7, 9, "GPU", 1500 + metrics, 3, 1000)


def test_a_folder_of_dvc_repro_knows_the_size_alone(tmp_path: Path) -> None:
    filled(tmp_path)
    write_manifest(tmp_path, describe(NODE, tmp_path))
    found = read_costs(tmp_path)
    assert (found.seconds_a_step, found.peak_memory, found.memory) == (None, None, "")
    assert found.published is not None
    assert found.published > 1500
    assert "costs" not in json.loads((tmp_path / "manifest.json").read_text())


def test_a_training_that_goes_on_has_no_costs_yet(tmp_path: Path) -> None:
    assert read_costs(tmp_path) == Costs()
