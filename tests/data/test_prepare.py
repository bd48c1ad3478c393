import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from components.data.arrays import load_info, load_split
from components.data.images import square_pixels
from components.data.metadata import Row
from components.data.pin import directory_hash
from components.data.prepare import class_names, is_held_out, prepare
from components.errors import AlphabarError
from components.files.tables import read_csv
from components.runtime import Runtime
from components.spec.sections.data import DataSpec


def prepared(raw: Path, out: Path, **values: object) -> Path:
    out.mkdir(parents=True)
    spec = DataSpec.model_validate(values).model_dump(mode="json")
    prepare(spec, {"raw": raw}, out, Runtime())
    return out


def table(out: Path, split: str) -> list[dict[str, str]]:
    with (out / f"{split}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def files_of(directory: Path, split: str) -> list[str]:
    """The images of a split, as paths inside the raw folder."""
    return [row["file_name"] for row in read_csv(directory / f"{split}.csv")]


@pytest.fixture(scope="module")
def digits(fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root, raw = tmp_path_factory.mktemp("digits"), fetched / "data/digits"
    return {
        style: prepared(raw, root / style, source="digits", style=style, holdout=0.3)
        for style in ("regular", "bold")
    }


def test_digits_are_the_scans_bit_for_bit(digits: dict[str, Path]) -> None:
    scans = load_digits()
    split = load_split(digits["regular"], "train")
    index = [int(name[-8:-4]) for name in files_of(digits["regular"], "train")]
    expected = np.floor(scans.images[index] * 255 / 16 + 0.5)
    np.testing.assert_array_equal(split.images[..., 0], expected)
    np.testing.assert_array_equal(split.classes, scans.target[index])


def test_dataset_json_describes_the_arrays(digits: dict[str, Path], fetched: Path) -> None:
    info = load_info(digits["bold"])
    assert (info.source, info.style, info.size, info.channels) == ("digits", "bold", 8, 1)
    assert info.classes == tuple("0123456789")
    assert info.n_train + info.n_holdout == 1797
    assert info.data_hash == directory_hash(fetched / "data/digits")


def test_both_styles_of_a_drawing_are_on_one_side(digits: dict[str, Path]) -> None:
    for split in ("train", "holdout"):
        sides = [[row["drawing"] for row in table(digits[s], split)] for s in digits]
        assert sides[0] == sides[1]
    drawings = {
        name: {r["drawing"] for r in table(digits["bold"], name)} for name in ("train", "holdout")
    }
    assert not drawings["train"] & drawings["holdout"]


def test_the_holdout_is_about_the_share_that_is_asked_for(digits: dict[str, Path]) -> None:
    share = load_info(digits["regular"]).n_holdout / 1797
    assert abs(share - 0.3) < 4 * (0.3 * 0.7 / 1797) ** 0.5


def test_two_runs_are_byte_identical(
    digits: dict[str, Path], fetched: Path, tmp_path: Path
) -> None:
    raw = fetched / "data/digits"
    again = prepared(raw, tmp_path / "again", source="digits", holdout=0.3)
    for path in digits["regular"].iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_a_larger_holdout_keeps_what_was_held_out() -> None:
    contents = [str(n).encode() for n in range(500)]
    small = {c for c in contents if is_held_out(c, 0, 0.1)}
    large = {c for c in contents if is_held_out(c, 0, 0.3)}
    assert small < large
    assert {c for c in contents if is_held_out(c, 1, 0.3)} != large


def test_so_many_training_images_are_taken_and_fewer_are_some_of_more(
    fetched: Path, digits: dict[str, Path], tmp_path: Path
) -> None:
    raw, given = fetched / "data/digits", {"source": "digits", "holdout": 0.3}
    more = prepared(raw, tmp_path / "more", **given, images=200)
    few = prepared(raw, tmp_path / "few", **given, images=50)
    names = [files_of(folder, "train") for folder in (digits["regular"], more, few)]
    assert [len(each) for each in names] == [load_info(digits["regular"]).n_train, 200, 50]
    assert load_info(few).n_train == 50
    assert set(names[2]) < set(names[1]) < set(names[0])
    assert names[1] == [name for name in names[0] if name in set(names[1])]
    assert files_of(few, "holdout") == files_of(digits["regular"], "holdout")
    whole = load_split(digits["regular"], "train")
    places = [names[0].index(name) for name in names[2]]
    np.testing.assert_array_equal(load_split(few, "train").images, whole.images[places])
    other = prepared(raw, tmp_path / "other", **given, images=50, split_seed=1)
    assert len(set(files_of(other, "train")) & set(names[2])) < 15
    with pytest.raises(AlphabarError, match=r"`data.images: 5000` is more than the \d+ images"):
        prepared(raw, tmp_path / "all", **given, images=5000)


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize(("style", "count"), [("color", 1918), ("line", 1913)])
def test_openmoji_is_prepared_at_every_size_in_both_styles(
    fetched: Path, tmp_path: Path, style: str, count: int, size: int
) -> None:
    raw = fetched / "data/openmoji"
    out = prepared(raw, tmp_path / "out", source="openmoji", style=style, size=size)
    info, train, holdout = load_info(out), load_split(out, "train"), load_split(out, "holdout")
    assert (info.channels, info.classes) == (3, ())
    assert train.images.shape == (info.n_train, size, size, 3)
    assert info.n_train + info.n_holdout == count
    assert set(train.classes) == {-1}
    assert not {*train.captions} & {*holdout.captions}
    for images in (train.images, holdout.images):
        assert (images.min(axis=(1, 2, 3)) < 128).all()  # no drawing is blank


def test_a_users_folder_is_cropped_resized_and_labelled(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    folder = pictures(30, label=["cat", "dog"] * 15)
    values = {"source": "folder", "name": "mine", "size": 6, "holdout": 0.5}
    out = prepared(folder, tmp_path / "out", **values)
    info = load_info(out)
    assert (info.name, info.style, info.classes, info.channels) == ("mine", None, ("cat", "dog"), 3)
    split = load_split(out, "holdout")
    assert split.images.shape[1:] == (6, 6, 3)
    for file, number in zip(files_of(out, "holdout"), split.classes, strict=True):
        assert number == int(file[:-4]) % 2


def test_a_folder_of_grey_images_has_one_channel(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    folder = pictures(10)
    for path in folder.glob("*.png"):
        Image.open(path).convert("L").save(path)
    values = {"source": "folder", "name": "mine", "size": 6, "holdout": 0.5}
    assert load_info(prepared(folder, tmp_path / "grey", **values)).channels == 1
    Image.new("RGB", (9, 9), "red").save(folder / "3.png")
    assert load_info(prepared(folder, tmp_path / "mixed", **values)).channels == 3


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_images_that_are_not_square_are_made_so_and_counted(
    tmp_path: Path, pictures: Callable[..., Path], fit: str
) -> None:
    folder = pictures(12)
    for k in range(5):
        Image.new("RGB", (9, 9), "red").save(folder / f"{k}.png")
    values = {"source": "folder", "name": "mine", "size": 6, "holdout": 0.5, "fit": fit}
    out = prepared(folder, tmp_path / "out", **values, flip=True)
    info, split = load_info(out), load_split(out, "train")
    assert (info.fit, info.not_square, info.flip) == (fit, 7, True)
    for file, image in zip(files_of(out, "train"), split.images, strict=True):
        expected = square_pixels(folder / file, 6, grey=False, fit=fit)
        np.testing.assert_array_equal(image, expected)


def test_a_missing_and_a_corrupt_image_are_named(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    folder = pictures(10)
    values = {"source": "folder", "name": "mine", "size": 6, "holdout": 0.5}
    (folder / "4.png").write_bytes((folder / "4.png").read_bytes()[:-60])
    with pytest.raises(AlphabarError, match="4.png is corrupt or cut off"):
        prepared(folder, tmp_path / "a", **values)
    (folder / "4.png").unlink()
    with pytest.raises(AlphabarError, match="4.png is missing"):
        prepared(folder, tmp_path / "b", **values)


def test_a_missing_caption_column_is_named(tmp_path: Path, pictures: Callable[..., Path]) -> None:
    with pytest.raises(AlphabarError, match="no column `text`"):
        prepared(pictures(), tmp_path / "out", source="folder", name="mine", caption_column="text")


def test_an_empty_split_is_an_error(tmp_path: Path, pictures: Callable[..., Path]) -> None:
    folder = pictures(1)
    with pytest.raises(AlphabarError, match="split of 1 image") as caught:
        prepared(folder, tmp_path / "out", source="folder", name="mine")
    assert "data.holdout" in caught.value.remedy


def test_a_style_that_the_folder_does_not_have_is_an_error(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    folder = pictures(style=["ink", "ink", "oil", "oil"])
    with pytest.raises(AlphabarError, match="style: chalk") as caught:
        prepared(folder, tmp_path / "out", source="folder", name="mine", style="chalk")
    assert "ink, oil" in caught.value.remedy


def test_an_image_swapped_for_a_link_out_of_the_folder_is_refused(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    folder = pictures(10)
    (folder / "5.png").rename(tmp_path / "outside.png")
    (folder / "5.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(AlphabarError, match="leads out of"):
        prepared(folder, tmp_path / "out", source="folder", name="mine")


def test_whole_numbers_are_sorted_as_numbers() -> None:
    def rows(*labels: str) -> list[Row]:
        return [Row(label, label, "c", "", label) for label in labels]

    assert class_names(rows("10", "9", "2", "9")) == ("2", "9", "10")
    assert class_names(rows("10", "9", "b")) == ("10", "9", "b")
    assert class_names(rows("", "")) == ()


def test_progress_counts_every_image(tmp_path: Path, pictures: Callable[..., Path]) -> None:
    folder, seen = pictures(12), []
    (tmp_path / "out").mkdir()
    spec = DataSpec(source="folder", name="mine", holdout=0.5).model_dump(mode="json")
    runtime = Runtime(progress=lambda done, total, note="": seen.append((done, total)))
    prepare(spec, {"raw": folder}, tmp_path / "out", runtime)
    assert seen == [(n, 12) for n in range(1, 13)]


def test_a_users_own_split_is_kept_whatever_the_holdout_is(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    words = ["train", "test", "validation", "train", "Holdout", "training"] * 2
    folder = pictures(12, split=words)
    values = {"source": "folder", "name": "mine", "size": 6, "holdout": 0.8}
    out = prepared(folder, tmp_path / "out", **values)
    held = {f"{k}.png" for k, word in enumerate(words) if not word.startswith("train")}
    assert set(files_of(out, "holdout")) == held
    assert len(files_of(out, "train")) == 12 - len(held)


def test_captions_that_look_like_formulas_keep_their_value(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    captions = ["=cat", "-5", "'=cat", "two\rlines"] * 3
    folder = pictures(12, caption=captions)
    values = {"source": "folder", "name": "mine", "size": 6, "holdout": 0.5}
    out = prepared(folder, tmp_path / "out", **values)
    for name in ("train", "holdout"):
        split = load_split(out, name)
        assert [captions[int(file[:-4])] for file in files_of(out, name)] == list(split.captions)
        cells = (out / f"{name}.csv").read_text()
        assert ",=cat" not in cells
        assert ",-5" not in cells
