"""What stands in the place of a taught word where images are held against their captions."""

from typing import Any

import pytest

from components.spec.loading import parse_experiment
from components.spec.plan import FinetunePlan, plan_baselines, plan_finetune
from components.spec.reading import Reading
from tests.spec.test_keys import SUBJECT, TAUGHT, WHOLE, merged


@pytest.mark.parametrize(
    ("caption", "read"),
    [
        ("a sks dog in the snow", "a dog in the snow"),
        ("a SKS", "a dog"),
        ("sks, asleep", "dog, asleep"),
        ("a sksy dog", "a sksy dog"),
        ("a cat", "a cat"),
        ("sks_1 sks", "sks_1 dog"),
    ],
)
def test_the_class_word_stands_for_the_token_and_is_said_once(caption: str, read: str) -> None:
    assert Reading("sks", "dog").read(caption) == read


@pytest.mark.parametrize(
    ("caption", "read"),
    [
        ("a <cat> <cat>_1 <cat>_2 sits", "a cat sits"),
        ("a <cat>sits", "a catsits"),
        ("a <CAT> cat", "a cat"),
        ("a cat", "a cat"),
    ],
)
def test_words_of_several_vectors_are_one(caption: str, read: str) -> None:
    assert Reading("<cat>", "cat", numbered=True).read(caption) == read


def test_a_template_is_read_with_the_caption_in_it() -> None:
    reading = Reading("<s>", "drawing", True, "{caption} as a <s>")
    assert reading.read("red heart") == "red heart as a drawing"
    assert not reading.tells_alike
    assert Reading("<s>", "drawing", True, "a <s>").tells_alike
    assert Reading.of(reading.told()) == reading


def planned(**sections: Any) -> FinetunePlan:
    plan = plan_baselines(parse_experiment(merged(WHOLE, sections), "test"), lambda _: "f2")
    return plan_finetune(plan, plan.cells[0])


def test_captions_are_read_so_by_all_that_is_compared_where_they_have_the_word() -> None:
    plan = planned(**TAUGHT)
    judged = [plan.evaluate_baseline, plan.reference, plan.chosen.evaluate]
    reading = {"token": "<a>", "word": "cat", "numbered": True}
    assert [node.spec["reading"] for node in judged] == [reading] * 3
    assert all("finetune.token" in node.reads for node in judged)
    drift = plan.chosen.cells[0].drift
    assert drift is not None
    assert "reading" not in drift.spec, "it is held against figures of other captions"


def test_the_captions_of_a_models_data_have_no_word_of_a_subject_but_prompts_may() -> None:
    without, prompts = planned(**SUBJECT), {"evaluation": {"prompts": "mine.txt"}}
    assert "reading" not in without.chosen.evaluate.spec
    reading = planned(**merged(SUBJECT, prompts)).chosen.evaluate.spec["reading"]
    assert (reading["token"], reading["word"]) == ("sks", "cat")


def test_one_text_for_all_images_is_no_choice_of_captions() -> None:
    asked = {"evaluation": {"metrics": ["fd", "clip_score", "r_precision"]}}
    for template, taken in (("a {token}", False), ("{caption}, a {token}", True)):
        values = merged(merged(TAUGHT, asked), {"finetune": {"template": template}})
        assert ("r_precision" in planned(**values).chosen.evaluate.spec["metrics"]) is taken
