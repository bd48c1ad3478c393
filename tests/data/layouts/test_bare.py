"""Folders without a metadata file: class folders, splits' folders, texts beside the images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.data.add import add_folder
from components.data.layouts import read_layout
from components.data.metadata import read_table
from components.data.sources.folder import inspect, read_rows
from components.errors import AlphabarError

Told = list[tuple[str, tuple[str, ...], str, str]]


@pytest.fixture
def images(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of small images that differ, by their paths, and gives its path."""

    def make(*names: str) -> Path:
        for number, name in enumerate(names):
            path = tmp_path / "mine" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((6, 8), 9 * number, np.uint8)).save(path)
        return tmp_path / "mine"

    return make


def told(folder: Path) -> Told:
    rows = read_rows(folder, "caption", "label")
    return [(row.file_name, row.captions, row.label, row.split) for row in rows]


def test_folders_are_classes_and_their_names_the_captions(images: Callable[..., Path]) -> None:
    folder = images("red_fox/b.png", "red_fox/a.png", "cat/c.png")
    assert told(folder) == [
        ("cat/c.png", ("cat",), "cat", ""),
        ("red_fox/a.png", ("red fox",), "red_fox", ""),
        ("red_fox/b.png", ("red fox",), "red_fox", ""),
    ]
    assert "blanks for underscores" in read_layout(folder).notes[0]


def test_folders_of_a_split_hold_folders_of_classes(images: Callable[..., Path]) -> None:
    folder = images("train/cat/a.png", "train/dog/b.png", "test/dog/c.png")
    assert [(label, split) for _, _, label, split in told(folder)] == [
        ("dog", "test"),
        ("cat", "train"),
        ("dog", "train"),
    ]


def test_a_text_beside_an_image_has_a_caption_a_line(images: Callable[..., Path]) -> None:
    folder = images("train/a.png", "test/é b.jpg")
    (folder / "train/a.txt").write_bytes(b"\xef\xbb\xbfone\r\n\r\ntwo\rthree\n")
    (folder / "test/é b.txt").write_text("four")
    assert told(folder) == [
        ("test/é b.jpg", ("four",), "", "test"),
        ("train/a.png", ("one", "two", "three"), "", "train"),
    ]


def test_classes_and_texts_go_together(images: Callable[..., Path]) -> None:
    folder = images("cat/a.png", "dog/b.png")
    for name in ("cat/a", "dog/b"):
        (folder / f"{name}.txt").write_text(f"a picture of {name}")
    assert [row[1:3] for row in told(folder)] == [
        (("a picture of cat/a",), "cat"),
        (("a picture of dog/b",), "dog"),
    ]


def test_an_image_without_a_text_is_named_where_others_have_one(
    images: Callable[..., Path],
) -> None:
    folder = images("a.png", "b.png", "c.png")
    (folder / "a.txt").write_text("one")
    with pytest.raises(AlphabarError, match=r"2 of 3 images .* no .txt .*\(b.png, c.png\)"):
        read_layout(folder)
    for name in "bc":
        (folder / f"{name}.txt").write_text("\n \n")
    assert inspect(folder, "caption", "label").faults == (
        "b.txt: b.png has no `caption`",
        "c.txt: c.png has no `caption`",
    )


def test_an_image_beside_class_folders_is_named(images: Callable[..., Path]) -> None:
    with pytest.raises(AlphabarError, match=r"1 of 3 images .* no class's folder \(c.png\)"):
        read_layout(images("cat/a.png", "dog/b.png", "c.png"))


@pytest.mark.parametrize("names", [("a.png", "b.png"), ("all/a.png", "all/b.png"), ()])
def test_images_of_which_nothing_is_said_get_every_remedy(
    images: Callable[..., Path], names: tuple[str, ...]
) -> None:
    folder = images("x.png", *names)
    (folder / "x.png").unlink()
    with pytest.raises(AlphabarError, match="neither metadata.csv") as caught:
        read_layout(folder)
    for way in ("metadata.csv", ".txt", "folder a class"):
        assert way in caught.value.remedy


def test_each_split_may_have_its_own_metadata(images: Callable[..., Path]) -> None:
    folder = images("train/a.png", "train/x/b.png", "test/a.png")
    (folder / "train/metadata.csv").write_text("file_name,caption\na.png,one\nx/b.png,two\n")
    (folder / "test/metadata.jsonl").write_text('{"file_name": "a.png", "caption": ["three", "4"]}')
    assert told(folder)[0] == ("test/a.png", ("three", "4"), "", "test")
    assert [row[1] for row in told(folder)[1:]] == [("one",), ("two",)]
    (folder / "test/metadata.jsonl").write_text('{"file_name": "a.png", "caption": 1.5}\n{')
    with pytest.raises(AlphabarError, match=r"test/metadata.jsonl, line 2"):
        read_layout(folder)


def test_what_is_added_says_the_same_as_what_it_came_from(
    images: Callable[..., Path], tmp_path: Path
) -> None:
    folder = images("train/red_fox/a.png", "train/cat/b.png", "val/cat/c.png")
    (folder / "README.md").write_text("left behind")
    added = add_folder(folder, "mine", tmp_path)
    assert told(added.folder) == told(folder)
    assert {path.name for path in added.folder.iterdir()} == {"metadata.jsonl", "train", "val"}
    said = "\n".join(added.summary.words())
    assert "2 to train on, 1 held out, by the folders: 2 (train 2, val 1)" in said
    assert "not copied: 1 (README.md)" in said
    assert "by the folders' names" in said
    assert len(read_table(added.folder).records) == 3


def test_texts_that_were_read_are_not_called_left_behind(
    images: Callable[..., Path], tmp_path: Path
) -> None:
    folder = images("a.png", "b.png")
    for name in "ab":
        (folder / f"{name}.txt").write_text(f"{name}\nother")
    words = add_folder(folder, "mine", tmp_path).summary.words()
    assert not [line for line in words if line.startswith("not copied")]
    assert any(line.startswith("2 images have several captions, up to 2") for line in words)


def test_a_text_that_is_a_link_out_of_the_folder_is_refused(
    images: Callable[..., Path], tmp_path: Path
) -> None:
    folder = images("a.png")
    (tmp_path / "secret").write_text("a password")
    (folder / "a.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(AlphabarError, match=r"a\.txt is a link that leads out of"):
        read_layout(folder)
    (folder / "a.txt").unlink()
    (folder / "metadata.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(AlphabarError, match=r"metadata\.csv is a link that leads out of"):
        read_layout(folder)


def test_a_folder_that_begins_with_a_blank_is_named(images: Callable[..., Path]) -> None:
    folder = images(" a/1.png", "b/2.png")
    with pytest.raises(AlphabarError, match="1 of 2 paths .* begin or end with a blank .*' a/1"):
        read_layout(folder)
