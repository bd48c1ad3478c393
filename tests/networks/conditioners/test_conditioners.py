"""Laws of every registered conditioner, and of what its catalogue entry says."""

from typing import Any

import pytest
import torch

from components.data.captions import Captions
from components.data.readers import cut_of
from components.errors import AlphabarError
from components.networks.conditioners import CONDITIONERS, Conditioner, Given, build_conditioner
from components.networks.conditioners.rows import aligned
from components.spec.catalogue import CONDITIONERS as CATALOGUE
from components.spec.catalogue.networks import AND
from components.spec.sections.network import ConditioningSpec

EVERY = pytest.mark.parametrize("name", CONDITIONERS)


def section(name: str) -> dict[str, Any]:
    return ConditioningSpec(encoder=name).model_dump(mode="json")


def conditioner(name: str) -> Conditioner:
    given = Given(classes=("cat", "dog"), captions=("a cat", ""), size=8)
    return build_conditioner(section(name), given)


@pytest.fixture
def made(name: str, among_encoders: None) -> Conditioner:
    return conditioner(name)


@EVERY
def test_the_entry_says_what_the_network_is_told(name: str, made: Conditioner) -> None:
    entry = CATALOGUE[name]
    assert (made.n_classes > 0) == entry.labels
    assert (made.width is not None) == entry.captions
    assert bool(made.encode([0, 1], ["a", "b"])) == entry.conditional


@EVERY
def test_what_is_asked_of_an_exported_model_is_what_the_network_is_told(
    name: str, made: Conditioner
) -> None:
    try:
        prompts = made.exported().prompts
    except AlphabarError:  # it cannot be exported, and says so
        return
    assert bool(prompts) == CATALOGUE[name].conditional


@EVERY
def test_a_table_and_the_absent_condition_have_the_rows_of_a_prompt(
    name: str, made: Conditioner
) -> None:
    rows = made.encode([0, 1], ["a cat", "a dog"])
    table = made.table([0, 1], Captions.of([["a cat"], ["a dog"]]).entries)(torch.tensor([1, 0]))
    assert rows.keys() == table.keys() == made.null(2).keys()
    assert all(torch.equal(rows[part].flip(0), table[part]) for part in rows)


@EVERY
def test_the_absent_condition_of_captions_is_the_empty_one(name: str, made: Conditioner) -> None:
    if CATALOGUE[name].captions:
        null, empty = made.null(2), made.encode([-1, -1], ["", ""])
        assert all(torch.equal(null[part], empty[part]) for part in empty)


@EVERY
def test_rows_do_not_depend_on_what_stands_beside_them(name: str, made: Conditioner) -> None:
    long = "the red heart with one star and the moon"
    alone, beside = made.encode([0], ["a cat"]), made.encode([0, 1], ["a cat", long])
    for part, row in aligned(alone, beside)[0].items():
        torch.testing.assert_close(beside[part][:1], row, rtol=1e-4, atol=1e-5)


@EVERY
def test_what_was_released_is_loaded_again_and_the_same(name: str, made: Conditioner) -> None:
    before = made.encode([0], ["a red heart"])
    made.release()
    after = made.encode([0], ["a red heart"])
    assert all(torch.equal(before[part], after[part]) for part in before)


@EVERY
def test_what_counts_tokens_cuts_a_caption_that_is_too_long_and_keeps_its_end(
    name: str, made: Conditioner
) -> None:
    long = "heart " * 600
    assert bool(made.readers) == CATALOGUE[name].captions
    if made.readers:
        cut = cut_of([long, "a cat", ""], made.readers)
        assert (cut.captions, cut.cut) == (3, 1)
        assert cut.longest > 600
        assert made.prompt(long).caption == long
        rows, more = made.encode([0, 0], [long, f"{long} cat"]), made.encode([0], [long[:-1]])
        assert all(torch.equal(rows[part][0], rows[part][1]) for part in rows)
        for part, row in rows.items():
            torch.testing.assert_close(row[0], more[part][0], rtol=1e-4, atol=1e-5)


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
    with pytest.raises(AlphabarError, match="give at least one prompt"):
        conditioner("minilm").unprompted()


def test_classes_are_asked_of_data_that_has_some() -> None:
    with pytest.raises(AlphabarError, match="needs labels, and the data has none"):
        build_conditioner(section("class"), Given())


def test_the_names_of_two_that_are_joined_are_those_of_its_parts() -> None:
    joined = next(name for name in CONDITIONERS if AND in name)
    assert ConditioningSpec.model_validate({"encoder": joined.split(AND)}).encoder == joined
