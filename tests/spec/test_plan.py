"""The plan: what depends on what, and what a change reruns."""

from collections import Counter
from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec.keys import canonical_json, digest
from components.spec.loading import parse_experiment
from components.spec.plan import (
    Plan,
    in_order,
    plan_baselines,
    plan_finetune,
    plan_report,
    plan_study,
)
from components.spec.sections.data import DataSpec
from components.spec.sweep import expand


def planned(values: dict[str, Any], data: str = "hash") -> Plan:
    return plan_baselines(parse_experiment(values, "test"), lambda spec: f"{data}-{spec.source}")


def keys(plan: Plan, *stages: str) -> set[str]:
    best = plan.cells[0]
    tuned = plan_finetune(plan, best)
    ends = [*(c.evaluate for c in plan.cells), plan_report(plan, best, tuned)]
    ends.append(plan_study(plan, best, tuned))
    return {node.key for node in in_order(ends) if not stages or node.stage in stages}


def changed(values: dict[str, Any], section: str, **fields: Any) -> dict[str, Any]:
    return values | {section: values.get(section, {}) | fields}


UPSTREAM = ("prepare", "scorer", "reference", "train", "finetune")


def test_the_sweep_is_the_product_and_shares_what_it_can(shrunk: dict[str, Any]) -> None:
    shrunk["sweep"] = {"process.schedule": ["linear", "cosine"], "sampling.guidance": [1, 2, 4]}
    plan = planned(shrunk)
    stages = [node.stage for node in plan.nodes()]
    assert len(plan.cells) == 7
    assert stages.count("train") == 2
    assert stages.count("sample") == stages.count("evaluate") == 7
    assert stages.count("prepare") == 2
    assert stages.count("scorer") == stages.count("reference") == 1


def test_a_finetune_without_a_style_of_its_own_brings_no_other_data(shrunk: dict[str, Any]) -> None:
    plan = planned(shrunk | {"finetune": {"kind": "consistency"}, "study": None})
    nodes = plan_finetune(plan, plan.cells[0]).ends()
    (prepare,) = {node.key: node for node in in_order(nodes) if node.stage == "prepare"}.values()
    assert prepare.spec["style"] == plan.experiment.data.style
    (scorer,) = {node.key: node for node in in_order(nodes) if node.stage == "scorer"}.values()
    assert scorer.inputs.keys() == {"data"}


def test_inputs_come_before_those_that_read_them(shrunk: dict[str, Any]) -> None:
    seen: set[str] = set()
    for node in planned(shrunk).nodes():
        assert {source.key for source in node.inputs.values()} <= seen
        seen.add(node.key)


def test_names_of_a_plan_are_unique(shrunk: dict[str, Any]) -> None:
    shrunk["sweep"] = {"data.size": [8, 16], "process.schedule": ["linear", "cosine"]}
    shrunk["also"] = []
    names = [node.name for node in planned(shrunk).nodes()]
    assert len(names) == len(set(names))


def test_guidance_reruns_sampling_and_what_follows_but_nothing_before(
    shrunk: dict[str, Any],
) -> None:
    other = changed(shrunk, "sampling", guidance=3)
    assert keys(planned(shrunk), *UPSTREAM) == keys(planned(other), *UPSTREAM)
    for stage in ("sample", "evaluate", "report", "study"):
        assert not keys(planned(shrunk), stage) & keys(planned(other), stage)


def test_the_extractors_size_retrains_nothing(shrunk: dict[str, Any]) -> None:
    other = changed(shrunk, "evaluation", size=96)
    for stage in ("train", "sample", "finetune"):
        assert keys(planned(shrunk), stage) == keys(planned(other), stage)


def test_workers_and_accelerator_change_nothing(shrunk: dict[str, Any]) -> None:
    other = changed(shrunk, "runner", workers=7, accelerator="cpu")
    assert keys(planned(shrunk)) == keys(planned(other))


def test_other_data_changes_everything(shrunk: dict[str, Any]) -> None:
    assert not keys(planned(shrunk)) & keys(planned(shrunk, data="other"))


def test_training_without_evaluation_does_not_hang_on_the_scorer(shrunk: dict[str, Any]) -> None:
    shrunk = changed(shrunk, "training", evaluate_every=0)
    other = changed(shrunk, "scorer", steps=77)
    assert keys(planned(shrunk), "train") == keys(planned(other), "train")
    assert keys(planned(shrunk), "evaluate") != keys(planned(other), "evaluate")


def test_the_extractor_that_judges_while_training_is_part_of_the_training(
    shrunk: dict[str, Any],
) -> None:
    shrunk = changed(shrunk, "finetune", evaluate_every=5)
    other = changed(shrunk, "evaluation", extractor="dinov2")
    for stage in ("train", "finetune"):
        assert not keys(planned(shrunk), stage) & keys(planned(other), stage)
    plan = planned(other)
    tuned = plan_finetune(plan, plan.cells[0]).chosen.finetune
    for node in (plan.cells[0].train, tuned):
        assert node.spec["judge"] == {"extractor": "dinov2"}


def test_without_evaluations_no_extractor_retrains_anything(shrunk: dict[str, Any]) -> None:
    shrunk = changed(changed(shrunk, "training", evaluate_every=0), "finetune", evaluate_every=0)
    other = changed(shrunk, "evaluation", extractor="dinov2")
    assert keys(planned(shrunk), "train") == keys(planned(other), "train")
    assert "judge" not in planned(shrunk).cells[0].train.spec


def test_the_finetuned_model_draws_the_baselines_prompts_and_seeds(
    shrunk: dict[str, Any],
) -> None:
    plan = planned(shrunk)
    best = plan.cells[1]
    tuned = plan_finetune(plan, best).chosen
    assert tuned.sample.spec == best.sample.spec
    assert tuned.sample.inputs["data"].key == best.sample.inputs["data"].key
    assert tuned.finetune.inputs["model"].key == best.train.key


def test_a_guide_is_trained_for_the_cells_that_ask_for_it(shrunk: dict[str, Any]) -> None:
    shrunk["guide"] = {"training.steps": 10, "network.channels": [8, 16]}
    shrunk["sweep"] = {"sampling.guide": ["unconditional", "weaker"]}
    shrunk["also"] = []
    plain, guided = planned(shrunk).cells
    assert "guide" not in plain.sample.inputs
    guide = guided.sample.inputs["guide"]
    assert guide.stage == "train"
    assert guide.spec["training"]["steps"] == 10
    assert guide.spec["network"]["channels"] == [8, 16]
    assert guide.spec["process"] == guided.train.spec["process"]
    assert plain.train.key == guided.train.key, "the guide changes nothing about the model"


def test_a_guide_can_only_change_network_and_training(shrunk: dict[str, Any]) -> None:
    shrunk["guide"] = {"process.prediction": "eps"}
    with pytest.raises(AlphabarError, match=r"`guide` cannot change `process\.prediction`"):
        planned(shrunk)


def test_the_bound_is_measured_once_a_model(shrunk: dict[str, Any]) -> None:
    shrunk = changed(shrunk, "evaluation", likelihood="elbo")
    shrunk["sweep"] = {"process.schedule": ["linear", "cosine"], "sampling.guidance": [1, 2]}
    plan = planned(shrunk)
    bounds = [node for node in plan.nodes() if node.stage == "likelihood"]
    assert len(bounds) == len({cell.train.key for cell in plan.cells})
    assert all("likelihood" in cell.evaluate.inputs for cell in plan.cells)
    assert (
        "likelihood"
        not in planned(changed(shrunk, "evaluation", likelihood="none")).cells[0].evaluate.inputs
    )


def test_a_finetune_is_trained_on_so_many_images(shrunk: dict[str, Any]) -> None:
    section = {"kind": "lora", "style": "bold", "images": 50}
    plan = planned(shrunk | {"finetune": section, "sweep": {}, "also": []})
    tuned = plan_finetune(plan, plan.cells[0])
    data = tuned.chosen.finetune.inputs["data"]
    assert (data.spec["style"], data.spec["images"]) == ("bold", 50)
    assert tuned.evaluate_baseline.inputs["data"] is tuned.chosen.evaluate.inputs["data"]
    assert "images" not in plan.cells[0].train.inputs["data"].spec


def test_adapters_scales_are_compared_without_training(shrunk: dict[str, Any]) -> None:
    section = {"kind": "lora", "style": "bold", "sampling": [{"adapter_scale": 0.5}, {}]}
    values = shrunk | {"finetune": section, "sweep": {}}
    plan = plan_baselines(parse_experiment(values, "test"), lambda _: "f2")
    half, whole = plan_finetune(plan, plan.cells[0]).cells
    assert half.sample.inputs == whole.sample.inputs
    assert half.sample.key != whole.sample.key
    assert "adapter_scale" not in whole.sample.spec["sampling"]
    for wrong, message in (
        ({"sampling": {"adapter_scale": 0.5}}, "the baselines have no adapter"),
        (
            {"finetune": section | {"kind": "full"}},
            "`adapter_scale` has no meaning with kind `full`",
        ),
    ):
        with pytest.raises(AlphabarError, match=message):
            plan_baselines(parse_experiment(values | wrong, "test"), lambda _: "f2")


def test_a_distilled_model_stays_on_its_data_and_is_sampled_as_asked(
    shrunk: dict[str, Any],
) -> None:
    shrunk["finetune"] = {"kind": "consistency", "steps": 5, "sampling": [{"steps": 1}, {}]}
    plan = planned(shrunk)
    best = plan.cells[0]
    tuned = plan_finetune(plan, best)
    assert tuned.chosen.finetune.inputs["data"].key == best.train.inputs["data"].key
    assert [cell.sampling.steps for cell in tuned.cells] == [1, 2]
    assert {cell.sampling.solver for cell in tuned.cells} == {"ddim"}
    shrunk["finetune"] = {"kind": "consistency", "segments": 1}
    (cell,) = plan_finetune(planned(shrunk), best).cells
    assert (cell.sampling.solver, cell.sampling.steps) == ("consistency", 2)
    report = plan_report(plan, best, tuned)
    assert report.inputs["evaluate:finetuned:1"] is tuned.cells[1].evaluate
    (told,) = report.spec["finetunes"]
    assert [s["steps"] for s in told["samplings"]] == [1, 2]


def test_a_stage_is_one_object_however_many_cells_read_it(shrunk: dict[str, Any]) -> None:
    shrunk |= {"guide": {"training.steps": 5}, "also": []}
    shrunk["sweep"] = {
        "training.seed": list(range(6)),
        "sampling.guide": ["unconditional", "weaker"],
        "sampling.guidance": [1.5, 2, 4],
    }
    plan = planned(shrunk)
    found: dict[int, str] = {}
    todo = [end for cell in plan.cells for end in (cell.reference, cell.evaluate)]
    while todo:
        node = todo.pop()
        found[id(node)] = node.key
        todo += node.inputs.values()
    assert len(found) == len(set(found.values())) == len(plan.nodes())
    stages = Counter(node.stage for node in plan.nodes())
    assert stages["train"] == 12
    assert stages["sample"] == stages["evaluate"] == 36


def test_parts_that_cells_share_are_validated_once(shrunk: dict[str, Any]) -> None:
    shrunk["sweep"] = {"training.seed": list(range(6)), "sampling.guidance": [1, 2, 4]}
    shrunk["also"] = []
    experiments = [cell.experiment for cell in expand(parse_experiment(shrunk, "test"))]
    assert len(experiments) == 18
    distinct = {
        part: len({id(getattr(experiment, part)) for experiment in experiments})
        for part in ("data", "process", "network", "training", "sampling", "evaluation")
    }
    assert distinct == dict.fromkeys(distinct, 1) | {"training": 6, "sampling": 3}


def test_equal_numbers_of_another_type_are_still_refused(shrunk: dict[str, Any]) -> None:
    shrunk["sweep"], shrunk["also"] = {"training.ema": [0, False]}, []
    with pytest.raises(AlphabarError, match=r"`training\.ema: False` is wrong"):
        parse_experiment(shrunk, "test")


def test_raw_data_are_asked_for_once_a_source(shrunk: dict[str, Any]) -> None:
    asked: list[str] = []

    def data_hash(data: DataSpec) -> str:
        asked.append(f"{data.source} {data.style}")
        return "hash"

    shrunk["sweep"] = {"training.seed": list(range(9)), "sampling.guidance": [1, 2, 4]}
    shrunk["also"] = []
    plan_baselines(parse_experiment(shrunk, "test"), data_hash)
    assert sorted(asked) == ["digits bold", "digits regular"]


def test_whole_floats_and_key_order_do_not_change_a_key() -> None:
    assert canonical_json({"b": 2.0, "a": [1, 0.5]}) == '{"a":[1,0.5],"b":2}'
    assert digest({"a": 1, "b": True}) == digest({"b": True, "a": 1.0})
    assert digest(True) != digest(1)


def test_kinds_of_network_are_swept_each_with_the_keys_that_it_reads(
    shrunk: dict[str, Any],
) -> None:
    shrunk["network"] = {"channels": [16, 32], "patch": 4, "depth": 2, "width": 32, "heads": 2}
    shrunk["sweep"], shrunk["also"] = {"network.kind": ["unet", "transformer"]}, []
    cells = expand(parse_experiment(shrunk, "test"))
    unet, transformer = (cell.experiment.network.model_dump(mode="json") for cell in cells)
    assert unet["channels"] == [16, 32]
    assert (transformer["patch"], transformer["depth"], transformer["heads"]) == (4, 2, 2)
    assert "patch" not in unet
    assert "channels" not in transformer


def test_a_key_that_no_swept_kind_of_network_reads_is_refused(shrunk: dict[str, Any]) -> None:
    shrunk["network"] = {"channels": [16, 32], "patch": 4}
    with pytest.raises(AlphabarError) as refusal:
        expand(parse_experiment(shrunk, "FILE"))
    assert refusal.value.what == "FILE: `network.patch: 4` has no meaning with `network.kind: unet`"
    assert refusal.value.remedy == "leave it out: it belongs to transformer"


def test_a_sweep_over_the_finetune_starts_from_one_baseline(shrunk: dict[str, Any]) -> None:
    section = {"kind": "lora", "style": "bold"}
    sweep = {"sampling.guidance": [1, 2], "finetune.rank": [2, 4], "finetune.lr": [1e-3, 1e-4]}
    cells = [{"finetune.kind": "full"}, {"sampling.guidance": 4}]
    plan = planned(shrunk | {"finetune": section, "sweep": sweep, "cells": cells, "also": []})
    assert [cell.name for cell in plan.cells] == ["guidance=1", "guidance=2", "guidance=4"]
    tuned = plan_finetune(plan, plan.cells[1])
    assert [model.tuning.name for model in tuned.models] == [
        "rank=2,lr=0.001",
        "rank=2,lr=0.0001",
        "rank=4,lr=0.001",
        "rank=4,lr=0.0001",
        "kind=full",
    ]
    assert len({model.finetune.key for model in tuned.models}) == 5
    assert {model.finetune.inputs["model"].key for model in tuned.models} == {
        plan.cells[1].train.key
    }
    names = [node.name for node in in_order(tuned.ends())]
    assert len(names) == len(set(names))
    report = plan_report(plan, plan.cells[1], tuned)
    assert report.inputs["finetune:4"] is tuned.models[4].finetune
    assert report.inputs["evaluate:finetuned:4"] is tuned.models[4].evaluate
    alone = planned(shrunk | {"finetune": section, "sweep": {}, "also": []})
    same = planned(shrunk | {"finetune": section, "sweep": {"finetune.rank": [4]}, "also": []})
    assert alone.sweep_key != same.sweep_key
    keys = [plan_finetune(each, each.cells[0]).chosen.finetune.key for each in (alone, same)]
    assert keys[0] == keys[1]


def test_a_fine_tune_is_not_named_by_what_its_kind_does_not_read(shrunk: dict[str, Any]) -> None:
    section = {"kind": "lora", "style": "bold", "rank": 8, "targets": ["feed_forward"]}
    full = {"finetune.kind": "full", "finetune.lr": 1e-3}
    usual = {"finetune.rank": 4, "finetune.targets": "attention"}
    sweep = {"finetune.rank": [2, 4]}
    values = shrunk | {"finetune": section, "sweep": sweep, "cells": [full | usual], "also": []}
    plan = planned(values)
    tuned = plan_finetune(plan, plan.cells[0])
    assert [each.tuning.name for each in tuned.models] == ["rank=2", "rank=4", "kind=full,lr=0.001"]
    assert tuned.models[2].finetune.name == "finetune-kind=full,lr=0.001"
    checkpoints = {"checkpoints": [1]}
    plan = planned(values | {"finetune": section | checkpoints})
    early = plan_finetune(plan, plan.cells[0]).models[-2].tuning
    assert early.name == "kind=full,lr=0.001,checkpoint=1"
    twice = values | {"cells": [full | usual, full | usual | {"finetune.dropout": 0.0}]}
    with pytest.raises(AlphabarError, match="the fine-tune kind=full,lr=0.001 is planned twice"):
        planned(twice)
    whole = {"finetune": {"kind": "full", "style": "bold"}, "cells": [{"finetune.rank": 4}]}
    plan = planned(shrunk | whole | {"sweep": {}, "also": []})
    (only,) = plan_finetune(plan, plan.cells[0]).models
    assert only.tuning.name == "rank=4", "of what reads nothing else a name is left"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"finetune": None, "study": None}, "`finetune.rank` is swept, and the section `finetune`"),
        ({"sweep": {"finetune.style": ["bold"]}}, "`finetune.style` cannot be swept"),
        ({"sweep": {"finetune.rnak": [4]}}, "`finetune.rnak` cannot be swept"),
        ({"sweep": {"finetune.rank": [0]}}, "cell rank=0: `finetune.rank: 0` is wrong"),
        (
            {"cells": [{"finetune.rank": 8, "sampling.guidance": 2}]},
            "a cell changes finetune.rank, sampling.guidance: what is fine-tuned is the best",
        ),
        ({"also": [{"finetune.rank": 8}]}, "a cell changes finetune.rank: what is fine-tuned"),
        (
            {"cells": [{"finetune.kind": "consistency"}]},
            "fine-tunes of the kinds consistency, lora are not compared with each other",
        ),
        ({"cells": [{"finetune.rank": 4}]}, "the fine-tune rank=4 is planned twice"),
    ],
)
def test_a_sweep_over_the_finetune_that_makes_no_sense_is_refused(
    shrunk: dict[str, Any], values: dict[str, Any], message: str
) -> None:
    section = {"finetune": {"kind": "lora", "style": "bold"}, "also": []}
    sweep = {"sweep": {"finetune.rank": [2, 4]}}
    with pytest.raises(AlphabarError, match=message):
        parse_experiment(shrunk | section | sweep | values, "test")


def test_as_many_images_of_the_new_style_are_one_preparation(shrunk: dict[str, Any]) -> None:
    shrunk["data"] = shrunk["data"] | {"images": 90}
    plan = planned(shrunk | {"finetune": {"style": "bold", "images": 90}, "study": None})
    nodes = in_order(plan_finetune(plan, plan.cells[0]).ends())
    (scorer,) = {node.key: node for node in nodes if node.stage == "scorer"}.values()
    assert scorer.inputs["data:finetune"].name in {node.name for node in nodes}
