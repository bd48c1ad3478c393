"""What a run enters into the registry says where it comes from."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.spec.loading import parse_experiment
from components.spec.plan import plan_baselines, plan_finetune
from components.store import Store
from components.tracking.nominees import Registry, tuned_of
from components.tracking.runs import Tracker

VALUES: dict[str, Any] = {
    "name": "digits",
    "data": {"source": "digits", "size": 8},
    "conditioning": {"encoder": "minilm"},
    "finetune": {
        "kind": "dreambooth",
        "subject": "mine",
        "token": "sks",
        "class_word": "digit",
        "batch_size": 8,
    },
}


@pytest.mark.parametrize("weights", ["full", "lora"])
def test_a_subject_s_likeness_goes_with_the_version_and_the_hash_is_its_own_images(
    tmp_path: Path, weights: str
) -> None:
    values = VALUES | {"finetune": {**VALUES["finetune"], "weights": weights}}
    plan = plan_baselines(
        parse_experiment(values, "the test"), lambda data: f"hash of {data.source}"
    )
    best = plan.cells[0]
    tuned, store = plan_finetune(plan, best), Store(tmp_path)
    assert tuned.chosen.subject is not None
    folder = store.path(tuned.chosen.subject.similarity)
    folder.mkdir(parents=True)
    ends = {"value": 0.5, "low": 0.4, "high": 0.6}
    names = ("tuned", "baseline", "difference", "ceiling")
    found = {"efficientnet_lite0": dict.fromkeys(names, ends)}
    (folder / "metrics.json").write_text(json.dumps({"similarity": found}))
    nominee = tuned_of(best, tuned, store, tmp_path, {"git.commit": "c0ffee"}, None)
    assert nominee.tags["likeness.efficientnet_lite0"] == "0.500 [0.400, 0.600]"
    assert nominee.tags["likeness.efficientnet_lite0.difference"] == "0.500 [0.400, 0.600]"
    assert nominee.tags["data.dvc_hash"] == "hash of folder"
    assert nominee.tags["finetune.goal"] == "sks digit"
    assert nominee.tags["git.commit"] == "c0ffee"
    assert nominee.tags["evaluation.clip"] == "domain"
    start = nominee.started_from
    assert start is not None
    assert (start.key, start.registered, start.given) == (best.train.key, None, None)
    assert start.evaluation == store.path(tuned.evaluate_baseline)


def test_a_version_that_is_gone_or_has_other_weights_is_nobody_s_base(
    tracker: Tracker, enter: Any, train_dir: Path, tmp_path: Path
) -> None:
    enter("a1", 150.0)
    registry = Registry(tracker, Store(tmp_path), "fd_efficientnet_lite0", None, None)
    names = ["folder", "no@1", "digits@7", "digits@champion"]
    assert registry.version_of(train_dir, names) == "digits@1"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.safetensors").write_bytes(b"other")
    assert registry.version_of(tmp_path / "other", names) is None
