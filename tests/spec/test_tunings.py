"""The fine-tunes of a file: what each reads of its section, and which cannot be told apart."""

from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec.loading import parse_experiment
from components.spec.plan import plan_finetune
from components.spec.tunings import Tuning, tunings
from tests.spec.test_plan import planned

SUBJECT: dict[str, Any] = {
    **{"kind": "dreambooth", "subject": "rex", "token": "sks", "class_word": "box"},
    **{"prior_images": 16, "base": "mine"},
}
WORD = {
    **{"finetune.kind": "textual_inversion", "finetune.token": "<rex>"},
    "finetune.initial": "box",
}


def found(finetune: dict[str, Any], **rest: Any) -> list[Tuning]:
    data = {"source": "folder", "name": "mine", "size": 16}
    values = {"name": "tuned", "data": data, "finetune": finetune} | rest
    return tunings(parse_experiment(values, "the test"), "the test")


def refused(finetune: dict[str, Any], **rest: Any) -> str:
    with pytest.raises(AlphabarError) as caught:
        found(finetune, **rest)
    return str(caught.value)


def test_a_cell_of_another_kind_is_without_the_keys_that_it_does_not_read() -> None:
    lora = {"base": "mine", "kind": "lora", "rank": 8, "targets": ["to_q"], "lr": 1e-3}
    one, full = found(lora, sweep={"finetune.rank": [8]}, cells=[{"finetune.kind": "full"}])
    assert (one.spec.rank, one.spec.targets) == (8, ["to_q"])
    assert (full.name, full.spec.kind, full.spec.rank, full.spec.lr) == (
        "kind=full",
        "full",
        4,
        1e-3,
    )
    prior, word = found(SUBJECT, cells=[{"finetune.lr": 1e-3}, WORD])
    assert (prior.spec.prior_images, word.spec.prior_images) == (16, 100)
    assert (word.spec.subject, word.spec.token, word.spec.class_word) == ("rex", "<rex>", "box")
    tuned = SUBJECT | {"weights": "lora", "rank": 8}
    adapter, weights = found(tuned, sweep={"finetune.weights": ["lora", "full"]})
    assert (adapter.spec.rank, weights.spec.rank) == (8, 4)


def test_what_is_left_out_makes_the_stages_that_defaults_in_the_cell_made(
    shrunk: dict[str, Any],
) -> None:
    lora = {"kind": "lora", "style": "bold", "rank": 8}
    cells = [{"finetune.kind": "full"}, {"finetune.kind": "full", "finetune.rank": 4}]
    plans = [
        planned(shrunk | {"finetune": lora, "sweep": {}, "also": [], "cells": [cell]})
        for cell in cells
    ]
    short, long = [plan_finetune(plan, plan.cells[0]).models[0] for plan in plans]
    assert short.finetune.key == long.finetune.key
    assert short.evaluate.key == long.evaluate.key


def test_a_key_of_the_cell_itself_that_its_kind_does_not_read_is_refused() -> None:
    lora = {"base": "mine", "kind": "lora", "rank": 8}
    cell = {"finetune.kind": "full", "finetune.rank": 16}
    message = refused(lora, cells=[cell])
    assert "cell kind=full,rank=16: `finetune`: `rank` has no meaning with kind `full`" in message
    assert "belongs to lora" in message
    message = refused(SUBJECT, cells=[WORD | {"finetune.prior_images": 20}])
    assert "`prior_images` has no meaning with kind `textual_inversion`" in message
    assert "`finetune.kind: fulll` does not exist" in refused(
        lora, cells=[{"finetune.kind": "fulll"}]
    )
    message = refused(SUBJECT, cells=[{"finetune.kind": "full"}])
    assert "`finetune.subject` holds for all fine-tunes of a file, and kind `full`" in message
    assert "textual_inversion, dreambooth, or write an experiment file for it" in message


def test_fine_tunes_that_differ_in_what_neither_reads_are_the_same() -> None:
    sweep = {"finetune.prior_weight": [0, 1], "finetune.prior_images": [10, 20]}
    message = refused(SUBJECT, sweep=sweep)
    both = "prior_weight=0,prior_images=10 and prior_weight=0,prior_images=20 are the same"
    assert f"the fine-tunes {both}: neither reads `finetune.prior_images`" in message
    single = {"sweep": {"finetune.prior_weight": [0, 1]}}
    assert len(found(SUBJECT, **single)) == 2
    steps = SUBJECT | {"steps": 40, "checkpoints": [10]}
    assert len(found(steps, **single)) == 4


def test_a_word_that_the_class_is_called_by_teaches_nothing() -> None:
    same = SUBJECT | {"token": "box", "class_word": "red box"}
    message = refused(same)
    assert "`token: box` is a word of `class_word: red box`" in message
    assert "remedy: give a rare word as `token`, such as sks" in message
    assert found(same | {"token": "boxy"})


def test_a_fault_of_the_section_has_its_own_remedy() -> None:
    lora: dict[str, Any] = {"base": "mine", "kind": "lora"}
    message = refused(lora, sweep={"rank": [4, 8]})
    assert "`rank` cannot be swept: it is no key of a section" in message
    assert "did you mean `finetune.rank`?" in message
    message = refused(lora, sweep={"finetune.checkpoints": [[10], [20]]})
    assert "`finetune.checkpoints` cannot be swept: it holds for all fine-tunes" in message
    message = refused(lora | {"style": "bold"})
    assert "`finetune.style: bold`: source `folder` has one style" in message
    assert "leave `style` out: with a `base`, `data` are the new images" in message
    message = refused(lora, cells=[{"finetune.kind": "full", "finetune.rank": 9}])
    assert "remedy: leave `rank` out, or choose another `kind`" in message
    message = refused({name: SUBJECT[name] for name in SUBJECT if name != "token"})
    assert message.endswith("remedy: add `token`")
