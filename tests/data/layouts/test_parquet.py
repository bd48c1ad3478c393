"""Parquet files as Hugging Face exports a dataset, and broken ones."""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from components.data.add import add_folder
from components.data.images import whole_pixels
from components.data.sources.folder import read_rows
from components.errors import AlphabarError

FEATURES = {
    "info": {
        "features": {
            "image": {"_type": "Image"},
            "text": {"dtype": "string", "_type": "Value"},
            "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
        }
    }
}
KIND = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 5), 10 * number % 256, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def images(numbers: Sequence[int]) -> pa.Array:
    return pa.array([{"bytes": png(n), "path": f"{n}.png"} for n in numbers], KIND)


def write(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(FEATURES)}), path)
    return path.parent


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Three shards of two splits: captions in `text`, classes by number."""
    data = tmp_path / "mine" / "data"
    for name, numbers in (
        ("train-00000-of-00002", [0, 1]),
        ("train-00001-of-00002", [2]),
        ("test-00000-of-00001", [3, 4]),
    ):
        write(
            data / f"{name}.parquet",
            image=images(numbers),
            text=[f"picture {n}" for n in numbers],
            label=[n % 2 for n in numbers],
            price=[1.5] * len(numbers),
        )
    return data.parent


def test_an_export_of_several_shards_becomes_a_folder_of_images(
    export: Path, tmp_path: Path
) -> None:
    added = add_folder(export, "mine", tmp_path)
    rows = read_rows(added.folder, "caption", "label")
    assert [(row.caption, row.label, row.split) for row in rows] == [
        ("picture 3", "dog", "test"),
        ("picture 4", "cat", "test"),
        ("picture 0", "cat", "train"),
        ("picture 1", "dog", "train"),
        ("picture 2", "cat", "train"),
    ]
    for row in rows:
        shown = whole_pixels(added.folder / row.file_name)
        assert shown[0, 0, 0] == 10 * int(row.caption[-1])
        assert row.file_name.endswith(".png")
    said = "\n".join(added.summary.words())
    for words in (
        "unpacked from 3 parquet files",
        "captions are read in the column `text`, and called `caption` here",
        "3 to train on, 2 held out, by the files' names: 2 (test 2, train 3)",
        "classes: 2 (cat 3, dog 2), by the label column",
        "columns not read: price",
    ):
        assert words in said
    assert "not copied" not in said


def test_a_column_that_is_named_keeps_its_name(export: Path, tmp_path: Path) -> None:
    added = add_folder(export, "mine", tmp_path, caption_column="text")
    assert read_rows(added.folder, "text", "label")[0].caption == "picture 3"
    with pytest.raises(AlphabarError, match="no column `caption`; it has .*`text`"):
        read_rows(added.folder, "caption", "label")


def test_lists_are_several_captions_and_paths_are_files_beside(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures/a.png").write_bytes(png(7))
    paths = pa.array([{"bytes": None, "path": "pictures/a.png"}], KIND)
    write(folder / "all.parquet", image=paths, caption=[["one", "two"]])
    (row,) = read_rows(add_folder(folder, "mine", tmp_path).folder, "caption", "label")
    assert (row.captions, row.split, row.label) == (("one", "two"), "", "")


@pytest.mark.parametrize("kind", ["bytes", "paths"])
def test_a_column_of_plain_bytes_or_paths_is_read_too(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for n in range(2):
        (folder / f"{n}.png").write_bytes(png(n))
    column = [png(n) if kind == "bytes" else f"{n}.png" for n in (0, 1, 1)]
    if kind == "bytes":
        for n in range(2):
            (folder / f"{n}.png").unlink()
    write(folder / "x.parquet", img=column, caption=["a", "b", "c"])
    rows = read_rows(add_folder(folder, "mine", tmp_path).folder, "caption", "label")
    several = [("a",), ("b",), ("c",)] if kind == "bytes" else [("a",), ("b", "c")]
    assert [row.captions for row in rows] == several


def test_one_parquet_file_is_a_dataset(export: Path, tmp_path: Path) -> None:
    added = add_folder(export / "data/train-00000-of-00002.parquet", "one", tmp_path)
    rows = read_rows(added.folder, "caption", "label")
    assert [(row.caption, row.split) for row in rows] == [("picture 0", ""), ("picture 1", "")]


def test_every_broken_image_is_counted_and_named_and_nothing_is_written(tmp_path: Path) -> None:
    cells = [{"bytes": png(n), "path": None} for n in range(40)]
    broken = [3, *range(20, 35)]
    for n in broken:
        cells[n]["bytes"] = [None, b"", b"no image", png(n)[:50]][n % 4]
    folder = write(tmp_path / "mine/x.parquet", image=pa.array(cells, KIND), caption=["c"] * 40)
    with pytest.raises(AlphabarError, match=r"1 fault") as caught:
        add_folder(folder, "mine", tmp_path)
    numbers = ", ".join(map(str, broken))
    assert f"x.parquet: the images of 16 rows cannot be read: {numbers} (" in caught.value.what
    assert "of row 3: " in caught.value.what
    assert "corrupt" in caught.value.what
    assert not (tmp_path / "datasets").exists()


def test_a_path_out_of_the_dataset_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(1))
    folder = write(tmp_path / "mine/x.parquet", image=["../secret.png"], caption=["c"])
    with pytest.raises(AlphabarError, match="of row 0: .*leads out of the folder"):
        add_folder(folder, "mine", tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: (data / "train-00001-of-00002.parquet").unlink(), "lacks data/train-00001"),
        (lambda data: cut(data / "test-00000-of-00001.parquet"), "no whole parquet file"),
        (lambda data: write(data / "a.parquet", caption=["x"]), "no column of images"),
    ],
)
def test_a_dataset_that_is_not_whole_is_one_message(
    export: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(export / "data")
    with pytest.raises(AlphabarError, match=message):
        add_folder(export, "mine", tmp_path)
    assert not (tmp_path / "datasets").exists()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def test_the_same_image_in_both_splits_is_a_copy_and_in_one_split_a_caption(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mine"
    write(folder / "train.parquet", image=images([0, 1, 0]), caption=["a", "b", "c"])
    write(folder / "test.parquet", image=images([0, 2]), caption=["a", "d"])
    added = add_folder(folder, "mine", tmp_path)
    told = [(row.split, row.captions) for row in read_rows(added.folder, "caption", "label")]
    assert told == [
        ("test", ("a",)),
        ("test", ("d",)),
        ("train", ("a", "c")),
        ("train", ("b",)),
    ]
    said = "\n".join(added.summary.words())
    assert "warning: 1 held-out image is a copy of a training image" in said
    assert "by the files' names" in said


def test_a_column_of_splits_says_more_than_the_names_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    split = ["test", "train"]
    write(folder / "train.parquet", image=images([0, 0]), caption=["a", "b"], Split=split)
    write(folder / "test.parquet", image=images([2]), caption=["c"], Split=["test"])
    added = add_folder(folder, "mine", tmp_path)
    rows = read_rows(added.folder, "caption", "label")
    assert [(row.split, row.caption) for row in rows] == [
        ("test", "c"),
        ("test", "a"),
        ("train", "b"),
    ]
    assert any("by the column `split`: 2" in line for line in added.summary.words())


def test_a_column_of_names_beside_the_images_is_no_path(tmp_path: Path) -> None:
    names = ["a.png", "b.png"]
    columns = {"image": images([0, 1]), "Text": ["a", "b"], "File_Name": names}
    folder = write(tmp_path / "mine/x.parquet", **columns)
    added = add_folder(folder, "mine", tmp_path, caption_column="Text")
    assert [row.caption for row in read_rows(added.folder, "Text", "label")] == ["a", "b"]
    assert "the images' names in the column `file_name` are not kept" in added.summary.words()


@pytest.mark.parametrize("names", [("image", "image"), ("caption", "caption"), ("image", "Image")])
def test_columns_of_one_name_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    columns = {"image": images([0]), "caption": pa.array(["c"])}
    table = pa.table(columns).append_column(names[1], columns[names[0]])
    (tmp_path / "mine").mkdir()
    pq.write_table(table, tmp_path / "mine/x.parquet")
    with pytest.raises(AlphabarError, match="several columns of one name") as caught:
        add_folder(tmp_path / "mine", "mine", tmp_path)
    assert caught.value.what.endswith(f"`{names[0]}`, `{names[1]}`")


def test_a_text_that_is_not_utf8_is_one_message(tmp_path: Path) -> None:
    texts = pa.array([b"fine", b"caf\xe9"], pa.binary()).view(pa.string())
    folder = write(tmp_path / "mine/x.parquet", image=images([0, 1]), caption=texts)
    with pytest.raises(AlphabarError, match="x.parquet has a text that is not UTF-8: .*0xe9"):
        add_folder(folder, "mine", tmp_path)
    assert not (tmp_path / "datasets").exists()


def test_captions_that_are_not_numbers_are_one_message(tmp_path: Path) -> None:
    nan = [float("nan")] * 20
    folder = write(tmp_path / "mine/x.parquet", image=images(range(20)), caption=nan)
    with pytest.raises(AlphabarError, match="`caption` of .* is empty in all 20 rows"):
        add_folder(folder, "mine", tmp_path)
