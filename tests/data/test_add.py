from collections.abc import Callable
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest
from PIL import Image

from components.data.add import add_folder
from components.data.listing import list_files
from components.data.prepare import prepare
from components.data.sources.folder import read_rows
from components.data.subject import load_subject, subject
from components.errors import AlphabarError
from components.runtime import Runtime
from components.spec.sections.data import DataSpec


def test_a_good_folder_is_copied_whole(tmp_path: Path, pictures: Callable[..., Path]) -> None:
    source = pictures()
    (source / "README.md").write_text("left behind")
    (source / "._0.png").write_text("a Mac's shadow")
    target = add_folder(source, "mine", tmp_path).folder
    assert target == tmp_path / "datasets/mine"
    wanted = {"metadata.jsonl", "0.png", "1.png", "2.png", "3.png"}
    assert set(list_files(target)) == wanted
    assert list_files(target).items() <= list_files(source).items()
    assert [path.name for path in target.parent.iterdir()] == ["mine"]


def test_every_fault_is_told_and_nothing_is_copied(
    tmp_path: Path,
    pictures: Callable[..., Path],
    bomb: Callable[[int], bytes],
    edit_records: Callable[..., None],
) -> None:
    source = pictures(6)
    (source / "0.png").write_bytes((source / "0.png").read_bytes()[:100])
    (source / "1.png").unlink()
    (source / "2.png").write_bytes(bomb(60_000))

    def break_rows(records: list[dict[str, object]]) -> list[dict[str, object]]:
        records[3]["caption"] = " "
        records[4]["file_name"] = "../4.png"
        return records

    edit_records(source, break_rows)
    with pytest.raises(AlphabarError) as caught:
        add_folder(source, "mine", tmp_path)
    for fault in (
        "0.png is corrupt or cut off",
        "1.png is missing",
        "2.png has more than",
        "line 4: 3.png has no `caption`",
        "'../4.png' leads out of the folder",
        "4.png is not listed",
    ):
        assert fault in caught.value.what
    assert "3.png is not listed" not in caught.value.what  # it is, without a caption
    assert caught.value.what.startswith(f"{source} has 6 faults")
    assert not (tmp_path / "datasets").exists()


def test_ten_faults_are_named_and_the_rest_counted(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    source = pictures(14)
    for index in range(14):
        (source / f"{index}.png").write_bytes(b"")
    with pytest.raises(AlphabarError, match=r"14 faults") as caught:
        add_folder(source, "mine", tmp_path)
    assert caught.value.what.count("is not an image that is read here") == 10
    assert "and 4 more" in caught.value.what


def test_an_image_that_is_not_listed_is_a_fault(
    tmp_path: Path, pictures: Callable[..., Path], edit_records: Callable[..., None]
) -> None:
    source = pictures()
    edit_records(source, lambda records: records[:-1])
    with pytest.raises(AlphabarError, match="3.png is not listed"):
        add_folder(source, "mine", tmp_path)


def test_a_taken_name_is_refused_with_a_remedy(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    source = pictures()
    target = add_folder(source, "mine", tmp_path).folder
    before = list_files(target)
    with pytest.raises(AlphabarError, match="`mine` exists already") as caught:
        add_folder(source, "mine", tmp_path)
    assert "another name" in caught.value.remedy
    assert list_files(target) == before


@pytest.mark.parametrize("left", [{"mine", "mine.dvc"}, {"mine"}, {"mine.dvc"}])
def test_the_remedy_removes_what_is_there_and_nothing_else(
    tmp_path: Path, pictures: Callable[..., Path], left: set[str]
) -> None:
    source, root = pictures(), tmp_path / "my project"
    target = root / "datasets/mine"
    target.mkdir(parents=True)
    target.with_name("mine.dvc").touch()
    if "mine" not in left:
        target.rmdir()
    if "mine.dvc" not in left:
        target.with_name("mine.dvc").unlink()
    with pytest.raises(AlphabarError, match="`mine` exists already") as caught:
        add_folder(source, "mine", root)
    commands = {
        "mine.dvc": f"dvc remove '{target}.dvc'",
        "mine": f"rm -r '{target}'",
    }
    wanted = " && ".join(command for name, command in commands.items() if name in left)
    assert caught.value.remedy.endswith(f"remove it first: {wanted}")


def test_a_stop_while_it_is_summed_up_leaves_nothing(
    tmp_path: Path, pictures: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("components.data.add.Summary.of", stop)
    with pytest.raises(KeyboardInterrupt):
        add_folder(pictures(), "mine", tmp_path)
    assert not (tmp_path / "datasets").exists()


@pytest.mark.parametrize("name", ["", "../up", "a/b", "UPPER", ".hidden", "a" * 65, "a b", "a\n"])
def test_a_name_that_is_no_plain_word_is_refused(
    tmp_path: Path, pictures: Callable[..., Path], name: str
) -> None:
    with pytest.raises(AlphabarError, match="is not valid"):
        add_folder(pictures(), name, tmp_path)


def test_another_caption_column_can_be_named(tmp_path: Path, pictures: Callable[..., Path]) -> None:
    source = pictures(text=["a", "b", "c", "d"])
    with pytest.raises(AlphabarError, match="no column `txt`") as caught:
        add_folder(source, "mine", tmp_path, caption_column="txt")
    assert "`--caption-column text`" in caught.value.remedy
    assert add_folder(source, "mine", tmp_path, caption_column="text").folder.is_dir()


def test_a_stop_while_copying_leaves_nothing(tmp_path: Path, pictures: Callable[..., Path]) -> None:
    def stop(done: int, total: int, note: str = "") -> None:
        if note.startswith("copying 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_folder(pictures(), "mine", tmp_path, progress=stop)
    assert not (tmp_path / "datasets").exists()


def test_what_a_kill_left_is_swept_away(tmp_path: Path, pictures: Callable[..., Path]) -> None:
    left = tmp_path / "datasets/.mine.part"
    left.mkdir(parents=True)
    (left / "half.png").touch()
    target = add_folder(pictures(), "mine", tmp_path).folder
    assert not left.exists()
    assert "half.png" not in list_files(target)


def test_what_was_read_and_what_was_not_is_told(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    source = pictures(
        label=["cat", "dog", "cat", "cat"], split=["train", "Test", "val", "train"], price=["1"] * 4
    )
    (source / "Thumbs.db").touch()
    (source / "LICENSE.txt").write_text("CC0")
    (source / ".git").mkdir()
    frames = [Image.new("RGB", (12, 10), colour) for colour in ("red", "blue")]
    frames[0].save(source / "0.png", save_all=True, append_images=frames[1:])
    added = add_folder(source, "mine", tmp_path)
    assert (added.folder / "LICENSE.txt").read_text() == "CC0"
    said = "\n".join(added.summary.words())
    for words in (
        "images: 4",
        "captions: 4 different ones",
        "classes: 2 (cat 3, dog 1), by the label column",
        "split: 2 to train on, 2 held out, by the column `split`: 3 (Test 1, train 2, val 1)",
        "`data.holdout` is not read",
        "columns not read: price",
        "of which the first is taken: 1 (0.png)",
        "not square: 4 (0.png, 1.png, 2.png, 3.png); `data.fit` says what becomes of them: crop,",
        "not copied: 2 (.git/, Thumbs.db)",
    ):
        assert words in said


def test_a_split_that_says_train_everywhere_leaves_the_holdout_to_the_experiment(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    said = add_folder(pictures(split=["train"] * 4), "mine", tmp_path).summary.words()
    (line,) = [line for line in said if line.startswith("split: ")]
    assert "says `train` in every row, which is no split" in line
    assert "`data.holdout` says how many" in line


def test_copies_across_the_split_are_named_and_others_counted(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    source = pictures(6, split=["test", "train", "train", "test", "test", "train"])
    Image.open(source / "1.png").save(source / "0.png", compress_level=0)  # other bytes
    for copy, original in (("2", "1"), ("4", "3")):
        (source / f"{copy}.png").write_bytes((source / f"{original}.png").read_bytes())
    said = add_folder(source, "mine", tmp_path).summary.words()
    assert any(
        line.startswith("warning: 1 held-out image is a copy of a training image")
        and line.endswith("(0.png = 1.png)")
        for line in said
    )
    assert "2 images are copies of another (2.png = 1.png, 4.png = 3.png)" in said


def test_copies_that_the_holdout_may_part_get_a_remedy(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    source = pictures()
    (source / "2.png").write_bytes((source / "0.png").read_bytes())
    said = add_folder(source, "mine", tmp_path).summary.words()
    assert any(
        line.startswith("1 image is a copy of another (2.png = 0.png); one name in a column")
        for line in said
    )


def test_an_image_is_told_by_its_content_whatever_it_is_called(
    tmp_path: Path, pictures: Callable[..., Path], edit_records: Callable[..., None]
) -> None:
    source = pictures()
    (source / "1.png").rename(source / "1.jpg")
    (source / "2.png").rename(source / "2")
    with pytest.raises(AlphabarError) as caught:
        add_folder(source, "mine", tmp_path)
    assert "1.jpg is not listed" in caught.value.what
    assert "2 is not listed" in caught.value.what
    names = ["0.png", "1.jpg", "2", "3.png"]
    edit_records(
        source, lambda records: [r | {"file_name": n} for r, n in zip(records, names, strict=True)]
    )
    target = add_folder(source, "mine", tmp_path).folder
    assert set(list_files(target)) == {"metadata.jsonl", *names}


@pytest.mark.parametrize(("listed", "on_disk"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_is_found_however_its_letters_are_composed(
    tmp_path: Path,
    pictures: Callable[..., Path],
    edit_records: Callable[..., None],
    listed: Literal["NFC", "NFD"],
    on_disk: Literal["NFC", "NFD"],
) -> None:
    source, name = pictures(), "écolé/é.png"
    there = source / normalize(on_disk, name)
    there.parent.mkdir()
    (source / "3.png").rename(there)
    meant = normalize(listed, name)
    edit_records(source, lambda records: [*records[:-1], records[-1] | {"file_name": meant}])
    target = add_folder(source, "mine", tmp_path).folder
    assert meant in list_files(target)
    assert [row.file_name for row in read_rows(target, "caption", "label")][-1] == meant


def test_images_of_a_subject_are_added_without_captions(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    source = pictures(5)
    captioned = add_folder(source, "others", tmp_path).folder
    (source / "metadata.jsonl").unlink()
    with pytest.raises(AlphabarError) as refused:
        add_folder(source, "mine", tmp_path)
    assert "--no-captions" in refused.value.remedy
    added = add_folder(source, "mine", tmp_path, caption_column=None)
    assert set(list_files(added.folder)) == {"metadata.jsonl", *(f"{k}.png" for k in range(5))}
    assert any(line.startswith("captions: none are read") for line in added.summary.words())
    rows = read_rows(added.folder, None, "label")
    assert [(row.file_name, row.caption) for row in rows] == [(f"{k}.png", "") for k in range(5)]
    spec = DataSpec(source="folder", name="mine", size=8, holdout=0.4).model_dump(mode="json")
    runtime = Runtime(accelerator="cpu")
    out, base = tmp_path / "subject", tmp_path / "base"
    for folder in (out, base):
        folder.mkdir()
    with pytest.raises(AlphabarError, match=r"datasets/mine have no captions"):
        prepare(spec, {"raw": added.folder}, base, runtime)
    prepare(spec | {"name": "others"}, {"raw": captioned}, base, runtime)
    subject({"data": spec}, {"data": base, "raw": added.folder}, out, runtime)
    assert load_subject(out).shape == (5, 8, 8, 3)
