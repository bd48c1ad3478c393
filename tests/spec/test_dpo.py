"""A fine-tune on preferences: where its pairs come from, and what it is known by."""

import itertools
import json
from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec.catalogue.dpo import decided_by
from components.spec.loading import parse_experiment
from components.spec.plan import Plan, TunedModel, plan_baselines, plan_finetune
from components.spec.tunings import tunings

SECTION: dict[str, Any] = {"kind": "dpo", "preferences": "cats", "steps": 4, "batch_size": 5}
SIMULATED = {"pairs": 6, "simulate": {"taste": "brightness"}}


def laid_out(shrunk: dict[str, Any], decided: str = "digest", **settings: Any) -> Plan:
    simulated = {"study": SIMULATED} if settings.get("preferences") == "drawn" else {}
    values = shrunk | {"sweep": {}, "also": [], "finetune": SECTION | settings} | simulated
    of = f"{decided} of {{}}".format
    return plan_baselines(parse_experiment(values, "test"), lambda _: "f2", decided=of)


def planned(shrunk: dict[str, Any], decided: str = "digest", **settings: Any) -> TunedModel:
    plan = laid_out(shrunk, decided, **settings)
    return plan_finetune(plan, plan.cells[0]).chosen


def test_decided_pairs_are_known_by_their_content_and_told_by_their_place(
    shrunk: dict[str, Any],
) -> None:
    node = planned(shrunk).finetune
    assert not node.inputs.keys() & {"preferences", "encoded", "text"}
    assert node.spec["preferences"] == {"sha256": "digest of cats"}
    assert node.settings["preferences"] == {"sha256": "digest of cats", "study": "cats"}
    assert node.spec["beta"] == 2000
    assert "preference_pairs" not in node.spec
    assert node.key != planned(shrunk, decided="another").finetune.key
    # more answers are another sweep, which is recorded anew
    keys = {laid_out(shrunk, decided).sweep_key for decided in ("digest", "another")}
    assert len(keys) == 2


def test_drawn_pairs_are_the_bases_own_and_decided_by_simulated_annotators(
    shrunk: dict[str, Any],
) -> None:
    plan = laid_out(shrunk, preferences="drawn", preference_pairs=30)
    tuned = plan_finetune(plan, plan.cells[0]).chosen
    assert "preferences" not in tuned.finetune.settings
    answers = tuned.finetune.inputs["preferences"]
    assert (answers.stage, answers.inputs.keys()) == ("answers", {"study"})
    assert answers.spec["simulate"]["taste"] == "brightness"
    study = answers.inputs["study"]
    assert (study.stage, study.inputs.keys()) == ("study", {"one", "other", "real"})
    assert (study.spec["pairs"], study.spec["same_seeds"]) == (30, False)
    assert study.spec["simulated"] is True
    assert study.inputs["real"].stage == "prepare"
    samples = [study.inputs["one"], study.inputs["other"], tuned.sample]
    for sample in samples[:2]:
        assert (sample.spec["samples"], sample.spec["prompts"]) == (30, {"split": "train"})
        assert sample.inputs["model"] is tuned.finetune.inputs["model"]
    seeds = [sample.spec["sampling"]["seed"] for sample in samples]
    apart = [abs(a - b) for a, b in itertools.combinations(seeds, 2)]
    assert min(apart) > 100_000, "a pair would be twice one image, or what is judged was trained on"
    names = [node.name for node in (study, answers, *samples[:2])]
    assert len({*names, "study", "answers", "sample"}) == len(names) + 3
    json.dumps(tuned.finetune.settings)


def test_low_rank_changes_are_drawn_with_their_base(shrunk: dict[str, Any]) -> None:
    tuned = planned(shrunk, weights="lora", rank=2)
    assert tuned.sample.inputs["base"] is tuned.finetune.inputs["model"]
    assert tuned.finetune.spec["rank"] == 2
    assert "rank" not in planned(shrunk).finetune.spec


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"preferences": None}, "`kind: dpo` needs `preferences`"),
        ({"beta": 0.0}, "finetune.beta"),
        ({"style": "bold"}, "`style` has no meaning with kind `dpo`: its data is `preferences`"),
        ({"images": 20}, "`images` has no meaning with kind `dpo`: its data is `preferences`"),
        ({"preference_pairs": 20}, "`preference_pairs` has no meaning with `preferences: cats`"),
        ({"rank": 8}, "`rank` has no meaning with `weights: full`"),
        ({"segments": 4}, "`segments` has no meaning with kind `dpo`"),
        ({"kind": "full", "style": "bold"}, "`preferences` has no meaning with kind `full`"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    shrunk: dict[str, Any], settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(AlphabarError) as caught:
        laid_out(shrunk, **settings)
    assert said in str(caught.value)


def test_drawn_pairs_need_somebody_who_decides(shrunk: dict[str, Any]) -> None:
    values = shrunk | {"sweep": {}, "also": [], "finetune": SECTION | {"preferences": "drawn"}}
    plan = plan_baselines(parse_experiment(values, "test"), lambda _: "f2")
    with pytest.raises(AlphabarError, match="there is no `study.simulate`"):
        plan_finetune(plan, plan.cells[0])


def test_studies_and_betas_are_swept(shrunk: dict[str, Any]) -> None:
    axes = {"finetune.preferences": ["cats", "dogs"], "finetune.beta": [500, 2000]}
    values = shrunk | {"sweep": axes, "also": [], "finetune": SECTION}
    found = tunings(parse_experiment(values, "test"))
    told = {(each.spec.settings["preferences"], each.spec.settings["beta"]) for each in found}
    assert told == {(study, beta) for study in ("cats", "dogs") for beta in (500, 2000)}


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({}, ""),
        ({"preference_pairs": 7}, "7 pairs decided by people"),
        (
            {"preference_pairs": 7, "simulated_pairs": 7},
            "7 pairs decided by simulated annotators: preferences of no person",
        ),
        (
            {"preference_pairs": 7, "simulated_pairs": 2},
            "7 decided pairs, 2 of them by simulated annotators, who are no people",
        ),
    ],
)
def test_who_decided_is_always_said(figures: dict[str, int], said: str) -> None:
    assert decided_by(figures) == said
