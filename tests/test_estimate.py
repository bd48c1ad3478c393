"""How long a plan may take: from the store's latest runs and their work."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.estimate import LATEST, PlannedStage, longest_way, planned_stages
from components.files.new_folder import seal_folder
from components.spec.cost import Cost
from components.spec.loading import parse_experiment
from components.spec.plan import plan_baselines
from components.store import Store


def stages_of(values: dict[str, Any], root: Path) -> list[PlannedStage]:
    plan = plan_baselines(parse_experiment(values, "test"), lambda _: "f2")
    return planned_stages(plan, Store(root / "artifacts"))


def test_the_time_of_sampling_follows_from_measured_evaluations(
    shrunk: dict[str, Any], tmp_path: Path
) -> None:
    shrunk |= {"sweep": {}, "also": []}
    earlier = tmp_path / "artifacts" / "sample" / "key"
    earlier.mkdir(parents=True)
    # an interval left half of the steps unguided: 30 of 40 planned evaluations
    spec = {"samples": 10, "sampling": {"steps": 2, "guidance": 2, "guidance_sigma_max": 1.0}}
    manifest = {"stage": "sample", "spec": spec, "wall_seconds": 60.0}
    (earlier / "metrics.json").write_text('{"samples": 10, "network_evaluations": 3.0}')
    seal_folder(earlier, manifest)
    (stage,) = (s for s in stages_of(shrunk, tmp_path) if s.node.stage == "sample")
    assert stage.evaluations == Cost(960, "exactly")
    assert stage.seconds == pytest.approx(960 * 60 / 30)


def test_times_come_from_the_latest_runs_and_no_other_manifest_is_read(
    shrunk: dict[str, Any], tmp_path: Path
) -> None:
    for number in range(LATEST + 3):
        folder = tmp_path / "artifacts" / "evaluate" / f"{number}"
        folder.mkdir(parents=True)
        manifest = {"stage": "evaluate", "spec": {}, "wall_seconds": 5.0}
        seal_folder(folder, manifest)
        if number < 3:
            (folder / "manifest.json").write_text("never read")
        os.utime(folder / "manifest.json", (number, number))
    found = stages_of(shrunk, tmp_path)
    assert {s.seconds for s in found if s.node.stage == "evaluate"} == {5.0}


def test_text_is_encoded_in_the_time_that_text_took_and_not_images(
    shrunk: dict[str, Any], tmp_path: Path
) -> None:
    runs = {"text": ({"conditioning": {}}, 7.0), "images": ({"kind": "autoencoder"}, 90.0)}
    for name, (spec, seconds) in runs.items():
        folder = tmp_path / "artifacts" / "encode" / name
        folder.mkdir(parents=True)
        seal_folder(folder, {"stage": "encode", "spec": spec, "wall_seconds": seconds})
    shrunk |= {"conditioning": {"encoder": "minilm"}, "codec": {"kind": "autoencoder"}}
    shrunk |= {"evaluation": {}, "data": shrunk["data"] | {"size": 16}}
    found = [s for s in stages_of(shrunk, tmp_path) if s.node.stage == "encode"]
    assert {s.node.name: s.seconds for s in found} == {"encode-text": 7.0, "encode": 90.0}


@pytest.mark.parametrize("checkpoint", [False, True])
def test_a_network_is_expected_to_take_what_its_like_took(
    shrunk: dict[str, Any], tmp_path: Path, checkpoint: bool
) -> None:
    shrunk |= {"sweep": {"network.kind": ["unet", "transformer"]}, "also": []}
    shrunk["network"] |= {"patch": 4, "depth": 1, "width": 16, "heads": 2}
    took = {"unet": 30.0, "transformer": 90.0}
    trains = [s.node for s in stages_of(shrunk, tmp_path) if s.node.stage == "train"]
    planned = {node.spec["network"]["kind"]: node for node in trains}
    for kind, node in planned.items():
        model = f"early {kind}" if checkpoint else kind
        of_model = {"samples": 60}, took[kind] / 10, {"model": model}
        for stage, run in (("train", (node.spec, took[kind], {})), ("sample", of_model)):
            folder = tmp_path / "artifacts" / stage / kind
            folder.mkdir(parents=True)
            (folder / "metrics.json").write_text('{"samples": 60, "network_evaluations": 16.0}')
            said = dict(zip(("spec", "wall_seconds", "inputs"), run, strict=True))
            seal_folder(folder, {"stage": stage, **said})
        kept = tmp_path / "artifacts" / "checkpoint" / model
        kept.mkdir(parents=True)
        seal_folder(kept, {"stage": "checkpoint", "spec": {"step": 1}, "inputs": {"model": kind}})
    found = stages_of(shrunk, tmp_path)
    for kind, node in planned.items():
        ours = [s for s in found if node in (s.node, s.node.inputs.get("model"))]
        seconds = {s.node.stage: s.seconds for s in ours}
        assert seconds["train"] == pytest.approx(took[kind])
        assert seconds["sample"] == pytest.approx(took[kind] / 10)


def test_stages_that_wait_for_each_other_take_their_times_together(
    shrunk: dict[str, Any], tmp_path: Path
) -> None:
    shrunk |= {"sweep": {"sampling.guidance": [1, 2]}, "also": []}
    seconds = {"train": 10.0, "sample": 4.0, "evaluate": 2.0}
    found = [
        replace(stage, seconds=seconds.get(stage.node.stage))
        for stage in stages_of(shrunk, tmp_path)
    ]
    assert longest_way(found) == 16.0  # not both cells' 22
    assert longest_way([stage for stage in found if stage.node.stage == "sample"]) == 4.0
    assert longest_way([]) == 0.0
