from collections.abc import Sequence

import pytest
import torch

from components.data.captions import Captions, Entries
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.networks.conditioners.minilm import encoder
from components.networks.conditioners.rows import MASK, STATES, Rows, aligned, padded
from components.networks.conditioners.text import TextCondition
from tests.model_config import model_config

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"
PAIR = [f"{LONG} red", f"{LONG} blue"]
"""Captions of 16 tokens, which differ in their fifteenth."""


def minilm(max_tokens: int | None = None) -> TextCondition:
    return TextCondition(encoder(), max_tokens)


def entries(captions: Sequence[str]) -> Entries:
    """Of images that have one of ``captions`` each."""
    return Captions.of([caption] for caption in captions).entries


def differ(rows: Rows) -> bool:
    return not torch.equal(rows[STATES][0], rows[STATES][1])


def network() -> Checkpoint:
    config = model_config("minilm", classes=())
    model = new_checkpoint(config, seed=0)
    model.network.eval()
    return model


def test_captions_that_differ_only_in_their_end_are_different_conditions() -> None:
    longer = [f"{LONG} {LONG} {LONG} {end}" for end in ("red", "blue")]
    assert differ(minilm().encode([], longer))
    assert differ(minilm().table([], entries(longer))(torch.arange(2)))


def test_a_number_of_tokens_cuts_what_is_trained_on_and_no_prompt() -> None:
    cut = minilm(8)
    rows = cut.table([], entries(PAIR))(torch.arange(2))
    assert rows[STATES].shape == (2, 8, 384)
    assert not differ(rows)
    assert differ(cut.encode([], PAIR))


def test_rows_are_as_long_as_the_longest_that_stands_there() -> None:
    found = minilm().table([], entries(["a cat", LONG, "a dog", "a cat"]))
    assert found(torch.tensor([0, 2]))[STATES].shape == (2, 4, 384)
    rows = found(torch.tensor([3, 1, 0]))
    assert rows[MASK].sum(1).tolist() == [4, 15, 4]
    assert torch.equal(rows[STATES][0], rows[STATES][2])
    assert not rows[STATES][0, 4:].any()


def test_padding_changes_no_prediction_beyond_rounding() -> None:
    model = network()
    x = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0.5], dtype=torch.float64)
    alone = model.conditioner.encode([], ["a red heart"])
    beside = {
        name: tensor[:1]
        for name, tensor in model.conditioner.encode([], ["a red heart", LONG * 8]).items()
    }
    assert beside[STATES].shape[1] > 100
    with torch.inference_mode():
        expected = model.predict(x, t, alone)
        for rows in (beside, padded(alone, 256)):
            torch.testing.assert_close(model.predict(x, t, rows), expected, rtol=1e-4, atol=1e-5)
        other = model.predict(x, t, model.conditioner.encode([], ["a cat"]))
    assert (other - expected).abs().max() > 1e-4


def test_two_conditions_of_different_lengths_can_stand_in_one_batch() -> None:
    first, second = aligned(minilm().encode([], ["a cat"]), minilm().null(1))
    assert first[STATES].shape == second[STATES].shape == (1, 4, 384)
    assert second[MASK].tolist() == [[1, 1, 0, 0]]
    labels = {"class_labels": torch.tensor([1])}
    assert aligned(labels, labels) == (labels, labels)


def test_no_caption_is_encoded_once_and_serves_sampling_and_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = minilm()
    with torch.inference_mode():
        first = made.null(3)
    monkeypatch.setattr(made.encoder, "encode", None)  # a second encoding would fail
    second = made.null(2)
    assert first[STATES].shape == (3, 2, 384)
    assert torch.equal(first[STATES][:2], second[STATES])
    assert not second[STATES].is_inference()
