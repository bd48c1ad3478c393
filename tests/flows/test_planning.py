"""What a plan says a run costs."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.spec.cost import Cost
from components.spec.loading import parse_experiment
from components.spec.plan import Node
from flows.planning import Description, describe_plan, evaluations, print_plan
from flows.workspace import Workspace


def plan_of(values: dict[str, Any], root: Path) -> Description:
    return describe_plan(parse_experiment(values, "test"), Workspace(root, root / "artifacts"))


def sampled(description: Description) -> list[Cost]:
    return [stage.evaluations for stage in description.stages if stage.node.stage == "sample"]


@pytest.mark.parametrize(("encoder", "an_image"), [("class", 16), ("minilm", 16), ("none", 8)])
def test_guidance_costs_only_models_that_are_told_what_to_draw(
    shrunk: dict[str, Any], tmp_path: Path, encoder: str, an_image: int
) -> None:
    shrunk |= {"sweep": {}, "also": [], "conditioning": {"encoder": encoder}}
    shrunk["evaluation"] = {"samples": 60}
    assert sampled(plan_of(shrunk, tmp_path)) == [Cost(60 * an_image, "exactly")]


def test_a_finetuned_model_is_told_what_its_baseline_was() -> None:
    train = Node("train", "train", {"conditioning": {"encoder": "none"}}, {})
    tuned = Node("finetune", "finetune", {"training": {}}, {"model": train})
    spec = {"sampling": {"steps": 5, "guidance": 3.0}, "samples": 10}
    assert evaluations(Node("sample", "sample", spec, {"model": tuned})) == Cost(50, "exactly")


def test_the_printed_plan_says_what_is_not_exact(
    shrunk: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shrunk |= {"sweep": {}, "also": []}
    shrunk["sampling"] = {"steps": 8, "guidance": 2, "guidance_sigma_max": 3.0}
    print_plan(plan_of(shrunk, tmp_path))
    printed = capsys.readouterr().out
    assert "at most 960" in printed
    assert f"at most {960 + 3 * 30 * 64:,} network evaluations" in printed
    shrunk["sampling"] = {"solver": "rk45"}
    print_plan(plan_of(shrunk, tmp_path))
    assert "about 4,740" in capsys.readouterr().out


def test_the_time_of_sampling_follows_from_measured_evaluations(
    shrunk: dict[str, Any], tmp_path: Path
) -> None:
    shrunk |= {"sweep": {}, "also": []}
    earlier = tmp_path / "artifacts" / "sample" / "key"
    earlier.mkdir(parents=True)
    # an interval left half of the steps unguided: 30 of 40 planned evaluations
    spec = {"samples": 10, "sampling": {"steps": 2, "guidance": 2, "guidance_sigma_max": 1.0}}
    manifest = {"stage": "sample", "spec": spec, "wall_seconds": 60.0}
    (earlier / "manifest.json").write_text(json.dumps(manifest))
    (earlier / "metrics.json").write_text('{"samples": 10, "network_evaluations": 3.0}')
    (stage,) = (s for s in plan_of(shrunk, tmp_path).stages if s.node.stage == "sample")
    assert stage.evaluations == Cost(960, "exactly")
    assert stage.seconds == pytest.approx(960 * 60 / 30)
