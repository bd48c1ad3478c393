"""What `auto` comes to in a plan: its keys are those of a file that says so."""

from typing import Any

import pytest

from components.spec.experiment import Experiment
from components.spec.loading import parse_experiment
from components.spec.plan import FinetunePlan, Plan, plan_baselines, plan_finetune, plan_report
from components.spec.plan.auto import auto_words, autos, with_values

AUTO = {"precision": "auto", "compile": "auto"}
BOTH = {"training": AUTO, "sampling": AUTO}


def settle(experiment: Experiment, *parts: str) -> Experiment:
    """bf16 everywhere, and compiled from 20 training steps or 8 solver steps on."""
    found = {}
    for part in parts:
        enough = experiment.training.steps >= 20 if part == "training" else 8
        if part == "sampling":
            enough = experiment.sampling.steps >= 8
        chosen = {"precision": "bf16-mixed", "compile": "on" if enough else "off"}
        found[part] = {name: chosen[name] for name in autos(experiment, part)}
    return with_values(experiment, found)


def merged(values: dict[str, Any], sections: dict[str, Any]) -> dict[str, Any]:
    changed = {name: {**values.get(name, {}), **own} for name, own in sections.items()}
    return values | changed


def plan_of(values: dict[str, Any], **settling: Any) -> Plan:
    return plan_baselines(parse_experiment(values, "test"), lambda _: "f2", **settling)


def whole(plan: Plan) -> tuple[FinetunePlan, dict[str, str]]:
    """The fine-tunes of the first cell, and every key but that of the page that names the file's
    words."""
    tuned = plan_finetune(plan, plan.cells[0])
    report = plan_report(plan, plan.cells[0], tuned)
    nodes = [*plan.nodes(), *tuned.ends(), report]
    return tuned, {node.name: node.key for node in nodes}


def test_keys_are_those_of_a_file_that_says_what_auto_came_to(shrunk: dict[str, Any]) -> None:
    said = {"training": {"precision": "bf16-mixed", "compile": "on"}}
    said["sampling"] = {"precision": "bf16-mixed", "compile": "on"}
    explicit = plan_of(merged(shrunk, said))
    auto = plan_of(merged(shrunk, BOTH), settle=settle)
    assert [node.key for node in auto.nodes()] == [node.key for node in explicit.nodes()]
    assert not any("auto" in str(node.spec) for node in auto.nodes())


def test_a_finetune_decides_on_compiling_by_its_own_steps(shrunk: dict[str, Any]) -> None:
    tuned, _ = whole(plan_of(merged(shrunk, BOTH), settle=settle))
    training = tuned.models[0].finetune.spec["training"]
    assert shrunk["finetune"]["steps"] < 20 <= shrunk["training"]["steps"]
    assert training["precision"] == "bf16-mixed"
    assert "compile" not in training  # off, as where nobody asks for it


def test_where_nothing_is_measured_keys_are_those_without_auto(shrunk: dict[str, Any]) -> None:
    plain, auto = whole(plan_of(shrunk))[1], whole(plan_of(merged(shrunk, BOTH)))[1]
    assert auto == plain


def test_auto_may_stand_in_a_sweep_and_in_also(shrunk: dict[str, Any]) -> None:
    shrunk |= {
        "sweep": {"training.precision": ["auto", "32-true"]},
        "also": [{"sampling.precision": "auto", "training.precision": "32-true"}],
    }
    plan = plan_of(shrunk, settle=settle)
    names = {cell.name: cell for cell in plan.cells}
    assert list(names) == [
        "precision=auto",
        "precision=32-true",
        "precision=auto,precision=32-true",
    ]
    precisions = [cell.train.spec["training"]["precision"] for cell in plan.cells]
    assert precisions == ["bf16-mixed", "32-true", "32-true"]
    assert plan.cells[2].sample.spec["sampling"]["precision"] == "bf16-mixed"
    _, keys = whole(plan)
    assert keys
    assert auto_words(cell.cell for cell in plan.cells) == [
        "training.precision: bf16-mixed (auto)",
        "sampling.precision: bf16-mixed (auto)",
    ]


def test_auto_in_the_sampling_of_a_finetune_is_settled_too(shrunk: dict[str, Any]) -> None:
    shrunk["finetune"] |= {"sampling": [{"compile": "auto", "steps": 4}, {"compile": "auto"}]}
    plan = plan_of(shrunk, settle=settle)
    tuned, _ = whole(plan)
    assert [cell.sampling.compile for cell in tuned.cells] == ["off", "on"]
    report = plan_report(plan, plan.cells[0], tuned)
    assert "auto" not in str(report.spec)


def test_a_weaker_guide_is_settled_for_its_own_training(shrunk: dict[str, Any]) -> None:
    shrunk |= {"guide": {"training.steps": 15}, "sweep": {}, "also": [], "finetune": None}
    shrunk = {name: value for name, value in shrunk.items() if value is not None}
    shrunk.pop("study")
    values = merged(shrunk, {**BOTH, "sampling": {**AUTO, "guide": "weaker", "steps": 8}})
    (cell,) = plan_of(values, settle=settle).cells
    assert cell.train.spec["training"]["compile"] == "on"
    assert "compile" not in cell.sample.inputs["guide"].spec["training"]


@pytest.mark.parametrize("part", ["training", "sampling"])
def test_an_experiment_that_says_no_auto_is_left_as_it_is(
    shrunk: dict[str, Any], part: str
) -> None:
    experiment = parse_experiment(shrunk, "test")
    assert settle(experiment, part) is experiment
