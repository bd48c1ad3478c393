"""What a batch shows of images that have several captions."""

from collections import Counter
from functools import partial

import pytest
import torch

from components.data.captions import Captions
from components.networks.conditioners.rows import take
from components.training.batches import Batches, TrainingSet

CAPTIONS = Captions.of([["a"], ["b", "c", "d"]])


def with_captions(captions: Captions, first: int, last: int) -> Batches:
    """Batches of black images with these captions, two images a step."""
    images = torch.zeros(len(captions), 1, 8, 8, dtype=torch.uint8)
    letters = torch.tensor([ord(text) for text in captions.entries])
    rows = {"letter": letters}
    data = TrainingSet(images, lambda step, stored: stored, partial(take, rows), captions)
    return Batches(data, batch_size=2, first=first, last=last, seed=3)


def test_each_of_several_captions_is_drawn_as_often_and_by_the_step_alone() -> None:
    steps = 3000
    drawn = with_captions(CAPTIONS, 0, steps)
    shown = [chr(number) for _, _, rows in drawn for number in rows["letter"].tolist()]
    counts = Counter(shown)
    assert counts["a"] == steps
    for text in "bcd":  # binomial: four standard deviations
        assert abs(counts[text] - steps / 3) < 4 * (steps * 2 / 9) ** 0.5
    ((_, _, late),) = with_captions(CAPTIONS, 77, 78)
    assert [chr(number) for number in late["letter"].tolist()] == shown[2 * 77 : 2 * 78]


def test_images_with_one_caption_each_draw_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.training.batches.words", None)
    ((_, _, rows),) = with_captions(Captions.of([["a"], ["b"]]), 0, 1)
    assert sorted(rows["letter"].tolist()) == [ord("a"), ord("b")]
