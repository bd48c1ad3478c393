"""Checkpoints of one fine-tune as cells: what is planned, and what is refused."""

from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec.cost import stage_cost
from components.spec.plan import FinetunePlan, in_order, plan_finetune
from tests.spec.test_plan import changed, planned


def test_checkpoints_are_cells_of_one_training(shrunk: dict[str, Any]) -> None:
    section = {"kind": "lora", "style": "bold", "steps": 40}
    sweep = {"finetune.rank": [2, 4]}

    def tuned(**settings: Any) -> FinetunePlan:
        values = {"finetune": section | settings, "sweep": sweep, "also": []}
        plan = planned(shrunk | values)
        return plan_finetune(plan, plan.cells[0])

    found = tuned(checkpoints=[20, 10])
    assert [model.tuning.name for model in found.models] == [
        *("rank=2,checkpoint=10", "rank=2,checkpoint=20", "rank=2,checkpoint=40"),
        *("rank=4,checkpoint=10", "rank=4,checkpoint=20", "rank=4,checkpoint=40"),
    ]
    assert len({model.finetune.key for model in found.models}) == 2
    assert len({model.published.key for model in found.models}) == 6
    early, _, last = found.models[:3]
    assert (early.published.stage, early.published.spec) == ("checkpoint", {"step": 10})
    assert early.published.inputs["training"] is early.finetune
    assert last.published is last.finetune
    for model in found.models:
        assert model.sample.inputs["model"] is model.published
        assert model.sample.inputs["base"].key == model.finetune.inputs["model"].key
        assert model.published.inputs["model"].key == model.finetune.inputs["model"].key
    plain = tuned().models[0]
    assert plain.published is plain.finetune
    assert plain.finetune.key != last.finetune.key
    same = tuned(checkpoints=[10, 20, 40])
    assert [m.published.key for m in same.models] == [m.published.key for m in found.models]
    assert tuned(checkpoints=[40]).models[0].sample.key == plain.sample.key
    costs = [sum(stage_cost(n).evaluations for n in in_order(p.ends())) for p in (tuned(), found)]
    assert costs[1] - costs[0] == 4 * stage_cost(plain.sample).evaluations
    separate = planned(
        shrunk | {"finetune": section, "sweep": {"finetune.steps": [10, 20, 40]}, "also": []}
    )
    assert len({m.finetune.key for m in plan_finetune(separate, separate.cells[0]).models}) == 3


def test_checkpoints_of_a_subject_share_its_prior_and_what_the_base_draws(
    shrunk: dict[str, Any],
) -> None:
    section = {"kind": "dreambooth", "subject": "mine", "token": "sks", "class_word": "digit"}
    told = {"conditioning": {"encoder": "minilm"}, "evaluation": {"samples": 60}, "also": []}
    steps = {"steps": 40, "checkpoints": [10]}
    plan = planned(shrunk | told | {"sweep": {}, "finetune": section | steps})
    tuned = plan_finetune(plan, plan.cells[0])
    nodes = in_order(tuned.ends())
    assert len({node.name for node in nodes}) == len(nodes)
    names = {node.name: {source.name for source in node.inputs.values()} for node in nodes}
    assert names["similarity-checkpoint-10"] == {
        "sample-subject-checkpoint-10", "sample-subject-baseline", "subject",
    }  # fmt: skip
    assert all(read <= names.keys() for read in names.values())


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"checkpoints": [41]}, "`checkpoints: 41` lies behind the last of `steps: 40`"),
        ({"checkpoints": [5, 10, 5]}, "the checkpoint 5 is planned twice"),
        ({"checkpoints": []}, "an empty list names no step"),
        ({"checkpoints": [0]}, r"`finetune.checkpoints.0: 0` is wrong"),
        (
            {"checkpoints": [5], "evaluate_every": 5, "training": {"patience": 2}},
            "`training.patience: 2` has no meaning with `finetune.checkpoints`",
        ),
        (
            {"checkpoints": [5], "evaluate_every": 5, "training": {"publish": "best"}},
            "`training.publish: best` has no meaning with `finetune.checkpoints`",
        ),
        (
            {"checkpoints": [5], "training": {"ema_snapshots": 4}, "kind": "full"},
            "`sampling.ema_length` has no meaning with `finetune.checkpoints`",
        ),
        (
            {"checkpoints": [5], "sweep": {"finetune.checkpoints": [5]}},
            "`finetune.checkpoints` cannot be swept: it holds for all fine-tunes",
        ),
        (
            {"checkpoints": [5], "sweep": {"finetune.steps": [40, 4]}},
            "cell steps=4: `finetune`: `checkpoints: 5` lies behind the last of `steps: 4`",
        ),
    ],
)
def test_checkpoints_that_make_no_sense_are_refused(
    shrunk: dict[str, Any], section: dict[str, Any], message: str
) -> None:
    training, sweep = section.pop("training", {}), section.pop("sweep", {})
    values = shrunk | {"also": [], "sweep": sweep}
    values["training"] = values["training"] | {"evaluate_every": 5} | training
    if "ema_snapshots" in training:
        values["sampling"] = values["sampling"] | {"ema_length": 0.1}
    values["finetune"] = {"kind": "lora", "style": "bold", "steps": 40} | section
    with pytest.raises(AlphabarError, match=message):
        planned(values)


def test_checkpoints_do_not_stop_the_baseline_from_ending_early(shrunk: dict[str, Any]) -> None:
    values = changed(shrunk, "training", evaluate_every=5, patience=2, publish="best")
    planned(changed(values, "finetune", checkpoints=[1]))
