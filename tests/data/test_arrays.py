import json
from pathlib import Path

import numpy as np
import pytest

from components.data.arrays import load_info, load_split
from components.data.captions import write_captions
from components.errors import AlphabarError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    np.save(tmp_path / "train.npy", np.zeros((2, 4, 4, 1), dtype=np.uint8))
    rows = "file_name,label,class,drawing\na.png,x,0,a\nb.png,,-1,b\n"
    (tmp_path / "train.csv").write_text(rows)
    write_captions(tmp_path, {"train": [["one"], ["two", "one"]]})
    return tmp_path


def test_a_split_is_read(directory: Path) -> None:
    split = load_split(directory, "train")
    assert split.images.shape == (2, 4, 4, 1)
    assert split.classes.dtype == np.int64
    assert split.classes.tolist() == [0, -1]
    assert split.captions[:] == ("one", "two")
    assert split.captions.of_image(1) == ("two", "one")


def test_a_missing_file_is_named(directory: Path) -> None:
    with pytest.raises(AlphabarError, match="holdout.npy does not exist"):
        load_split(directory, "holdout")
    with pytest.raises(AlphabarError, match="dataset.json does not exist"):
        load_info(directory)


def test_arrays_that_do_not_fit_the_table_are_refused(directory: Path) -> None:
    np.save(directory / "train.npy", np.zeros((3, 4, 4, 1), dtype=np.uint8))
    with pytest.raises(AlphabarError, match="3 images do not fit 2 rows"):
        load_split(directory, "train")


def test_a_pickle_is_not_loaded(directory: Path) -> None:
    np.save(directory / "train.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(AlphabarError, match="train.npy is broken"):
        load_split(directory, "train")


def test_an_incomplete_description_is_broken(directory: Path) -> None:
    (directory / "dataset.json").write_text(json.dumps({"source": "digits"}))
    with pytest.raises(AlphabarError, match="dataset.json is broken"):
        load_info(directory)


def test_captions_of_other_images_are_refused(directory: Path) -> None:
    write_captions(directory, {"train": [["one"]]})
    with pytest.raises(AlphabarError, match="captions of 1 images do not fit 2 rows"):
        load_split(directory, "train")


def test_an_index_that_leads_beyond_the_texts_is_broken(directory: Path) -> None:
    np.save(directory / "train-caption-ids.npy", np.array([0, 1, 2]))
    with pytest.raises(AlphabarError, match="leads beyond its 2 texts"):
        load_split(directory, "train")


@pytest.mark.parametrize("content", ["", "caption\none\n", "words\none\ntwo\n", 'caption\n"one'])
def test_a_broken_table_of_texts_is_told_at_once_or_when_a_text_is_asked_for(
    directory: Path, content: str
) -> None:
    (directory / "captions.csv").write_text(content)
    told = "captions.csv is broken"
    with pytest.raises(AlphabarError, match=told):
        load_split(directory, "train")
    captions = load_split(directory, "train", mapped=True).captions
    assert captions.one_each is False
    with pytest.raises(AlphabarError, match=told):
        captions[0]
    with pytest.raises(AlphabarError, match=told):
        captions.firsts(np.array([1, 0]))
