"""Laws of every registered conditioner, and of what its catalogue entry says."""

from typing import Any

import pytest
import torch

from components.data.captions import Captions
from components.errors import AlphabarError
from components.networks.conditioners import CONDITIONERS, Conditioner, Given, build_conditioner
from components.spec.catalogue import CONDITIONERS as CATALOGUE
from components.spec.sections.network import ConditioningSpec

GIVEN = Given(classes=("cat", "dog"), captions=("a cat", ""))
EVERY = pytest.mark.parametrize("name", CONDITIONERS)


def section(name: str) -> dict[str, Any]:
    return ConditioningSpec(encoder=name).model_dump(mode="json")


def conditioner(name: str) -> Conditioner:
    return build_conditioner(section(name), GIVEN)


@EVERY
def test_the_entry_says_what_the_network_is_told(name: str) -> None:
    entry, made = CATALOGUE[name], conditioner(name)
    assert (made.n_classes > 0) == entry.labels
    assert (made.width is not None) == entry.captions
    assert bool(made.encode([0, 1], ["a", "b"])) == entry.conditional


def test_what_is_asked_of_an_exported_model_is_what_the_network_is_told() -> None:
    exported = 0
    for name in CONDITIONERS:
        try:
            prompts = conditioner(name).exported().prompts
        except AlphabarError:  # it cannot be exported, and says so
            continue
        assert bool(prompts) == CATALOGUE[name].conditional
        exported += 1
    assert exported


@EVERY
def test_a_table_and_the_absent_condition_have_the_rows_of_a_prompt(name: str) -> None:
    made = conditioner(name)
    rows = made.encode([0, 1], ["a cat", "a dog"])
    table = made.table([0, 1], Captions.of([["a cat"], ["a dog"]]).entries)(torch.tensor([1, 0]))
    assert rows.keys() == table.keys() == made.null(2).keys()
    assert all(torch.equal(rows[part].flip(0), table[part]) for part in rows)


def test_a_class_is_asked_for_by_its_name_and_a_caption_by_itself() -> None:
    found = conditioner("class").prompt("cat")
    assert (found.index, found.label, found.caption) == (0, "cat", "a cat")
    assert conditioner("class").prompt("dog").caption == "dog"
    assert list(conditioner("class").unprompted()) == ["cat", "dog"]
    assert conditioner("minilm").prompt("a red circle").caption == "a red circle"
    assert list(conditioner("none").unprompted()) == [""]


@pytest.mark.parametrize(
    ("name", "text", "what", "remedy"),
    [
        ("class", "cats", "no class `cats`", "did you mean `cat`"),
        ("minilm", "word " * 300, "has 302 tokens", "shorten it"),
        ("none", "cat", "unconditional", "leave it out"),
    ],
)
def test_a_word_that_the_model_does_not_know_is_refused(
    name: str, text: str, what: str, remedy: str
) -> None:
    with pytest.raises(AlphabarError) as refusal:
        conditioner(name).prompt(text)
    assert what in refusal.value.what
    assert remedy in refusal.value.remedy


def test_a_caption_must_be_given() -> None:
    with pytest.raises(AlphabarError, match="--prompt"):
        conditioner("minilm").unprompted()


def test_classes_are_asked_of_data_that_has_some() -> None:
    with pytest.raises(AlphabarError, match="needs labels, and the data has none"):
        build_conditioner(section("class"), Given())
