"""What a plan says of fine-tunes that may not be meant as they are written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.spec.loading import parse_experiment
from flows.run.tuning_notes import preference_notes, tuning_notes
from tests.finetuning.test_dpo import six, write_decided


def notes(finetune: dict[str, Any], **rest: Any) -> list[str]:
    values = {"name": "noted", "data": {"source": "folder", "name": "mine", "size": 16}}
    values["finetune"] = {"base": "z@champion", "kind": "lora"} | finetune
    return tuning_notes(parse_experiment(values | rest, "the test"))


def test_a_warm_up_that_outlasts_its_training_is_said_of_each_such_training_once() -> None:
    (note,) = notes({"steps": 40}, sweep={"finetune.rank": [2, 4]})
    assert note.startswith("finetune.warmup_steps: 50 lasts as long as the training of 40 steps")
    assert "on average to 41 % of `finetune.lr`; give fewer, such as `warmup_steps: 4`" in note
    assert notes({"steps": 51}) == notes({"steps": 40, "warmup_steps": 39}) == []
    (swept,) = notes({}, sweep={"finetune.steps": [50, 100]})
    assert "training of 50 steps" in swept
    assert (
        tuning_notes(parse_experiment({"name": "plain", "data": {"source": "digits"}}, "the test"))
        == []
    )


def test_who_decided_the_pairs_is_said_of_each_study(tmp_path: Path) -> None:
    six(tmp_path / "people")
    rows = [{"label": "1", "simulated": "true"}]
    write_decided(tmp_path / "nobody", rows, np.zeros((2, 8, 8, 1), np.uint8))
    values = {"name": "noted", "data": {"source": "folder", "name": "mine", "size": 16}}
    section = {"base": "z@champion", "kind": "dpo", "preferences": "people"}
    sweep = {"finetune.preferences": ["people", "nobody"], "finetune.beta": [1, 2]}
    experiment = parse_experiment(values | {"finetune": section, "sweep": sweep}, "the test")
    assert preference_notes(experiment, tmp_path) == [
        "finetune.preferences: people has 6 pairs decided by people",
        "finetune.preferences: nobody has 1 pair decided by simulated annotators: preferences of "
        "no person",
    ]
    assert not preference_notes(
        experiment.model_copy(update={"finetune": None, "sweep": {}}), tmp_path
    )


@pytest.mark.parametrize(
    ("finetuned", "told"),
    [
        ({}, ["for the chosen fine-tune give `registry.finetuned` in its place"]),
        ({"finetuned": "zt"}, ["`registry.finetuned: zt`, and `model` may be left out"]),
    ],
)
def test_a_base_that_would_be_registered_under_a_second_name_is_said(
    finetuned: dict[str, str], told: list[str]
) -> None:
    (note,) = notes({}, registry={"model": "again"} | finetuned)
    assert "registry.model: again registers the base z@champion as it is" in note
    assert all(text in note for text in told)
    assert notes({}, registry=finetuned) == []
