"""Every distinct caption is kept once, and an image's captions are found by index."""

from pathlib import Path

import numpy as np

from components.data.captions import Captions, read_captions, write_captions
from components.files.tables import read_csv

IMAGES = [["a cat"], ["a dog", "a cat"], ["=formula", "two\rlines", "a dog"]]


def test_distinct_captions_are_stored_once_and_each_image_finds_its_own(tmp_path: Path) -> None:
    write_captions(tmp_path, {"train": IMAGES, "holdout": [["a dog"], ["a bird"]]})
    texts = [row["caption"] for row in read_csv(tmp_path / "captions.csv")]
    assert texts == ["=formula", "a bird", "a cat", "a dog", "two\rlines"]
    train, holdout = read_captions(tmp_path, "train"), read_captions(tmp_path, "holdout")
    assert [list(train.of_image(row)) for row in range(3)] == IMAGES
    assert isinstance(train.ids, np.memmap)
    assert (train.one_each, holdout.one_each) == (False, True)
    assert list(train.entries) == [caption for image in IMAGES for caption in image]


def test_as_a_sequence_it_is_each_image_s_first_caption() -> None:
    captions = Captions.of(IMAGES)
    assert list(captions) == ["a cat", "a dog", "=formula"]
    assert captions[-1] == "=formula"
    assert captions[1:] == ("a dog", "=formula")
    assert np.array(captions).tolist() == list(captions)
    assert "a bird" not in captions


def test_some_captions_are_found_and_no_other_is_kept(tmp_path: Path) -> None:
    write_captions(tmp_path, {"train": IMAGES, "holdout": [["a dog"], ["a bird"], ["a dog"]]})
    train, holdout = read_captions(tmp_path, "train"), read_captions(tmp_path, "holdout")
    for captions in (train, Captions.of(IMAGES)):
        assert captions.firsts(np.array([2, 0, 2])) == ["=formula", "a cat", "=formula"]
        assert captions.some_texts(captions.first_ids()) == [first for first, *_ in IMAGES]
    assert holdout.some_texts(holdout.first_ids()) == ["a dog", "a bird", "a dog"]
    assert "_all" not in vars(train.texts)
    assert train[1] == "a dog"
    assert "_all" in vars(train.texts)
