"""What a batch shows of images that have several captions."""

from collections import Counter
from functools import partial

import pytest
import torch

from components.data.captions import Captions
from components.networks.conditioners.rows import take
from components.training.batches import Batches, TrainingSet
from components.training.stored import Mirrored

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


def flipped(first: int, last: int, *, flip: bool = True) -> list[torch.Tensor]:
    """Batches of 50 of images that are 0 to 3 from left to right, and their number."""
    images = torch.arange(4, dtype=torch.uint8).expand(9, 1, 4, 4).clone()
    images[:, 0, 0, 1:3] = torch.arange(9, dtype=torch.uint8)[:, None]
    rows = {"number": torch.arange(9)}
    mirrored = Mirrored(images) if flip else None
    data = TrainingSet(images, lambda step, stored: stored, partial(take, rows), mirrored=mirrored)
    drawn = Batches(data, batch_size=50, first=first, last=last, seed=3)
    found = []
    for _, shown, told in drawn:
        assert shown[:, 0, 0, 1].tolist() == told["number"].tolist()
        found.append(shown)
    assert torch.equal(images[:, 0, 1, 0], torch.zeros(9, dtype=torch.uint8)), "as they were"
    return found


def test_half_of_the_images_are_mirrored_by_the_step_alone() -> None:
    shown = flipped(0, 40)
    turned = torch.cat(shown)[:, 0, 3] == torch.tensor([3, 2, 1, 0])
    assert set(turned.all(1).tolist()) == {True, False}
    assert torch.equal(turned.all(1), turned.any(1)), "whole images"
    share = turned.all(1).double().mean().item()
    assert abs(share - 0.5) < 4 * (0.25 / 2000) ** 0.5
    assert torch.equal(flipped(17, 18)[0], shown[17])


def test_the_same_images_are_shown_whether_they_are_mirrored_or_not() -> None:
    for plain, shown in zip(flipped(0, 3, flip=False), flipped(0, 3), strict=True):
        assert torch.equal(plain[:, 0, 0, 1], shown[:, 0, 0, 1])
        assert plain[:, 0, 3, 0].tolist() == [0] * 50
