from collections.abc import Callable
from pathlib import Path

import pytest

from components.data.sources.folder import inspect, locate, read_rows
from components.errors import AlphabarError


def write_csv(folder: Path, text: str) -> Path:
    (folder / "metadata.csv").write_text(text)
    return folder


def test_rows_keep_the_order_of_the_file(tmp_path: Path) -> None:
    write_csv(tmp_path, 'file_name,caption,label\nb.png,"two, with comma",x\na.png,one,y\n')
    rows = read_rows(tmp_path, "caption", "label")
    assert [(row.file_name, row.caption, row.label) for row in rows] == [
        ("b.png", "two, with comma", "x"),
        ("a.png", "one", "y"),
    ]
    assert rows[0].drawing == "b.png"


def test_a_missing_caption_column_names_the_columns_and_the_nearest(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,captions,class\na.png,one,y\n")
    with pytest.raises(AlphabarError, match="`file_name`, `captions`, `class`") as caught:
        read_rows(tmp_path, "caption", "label")
    assert "did you mean `captions`?" in caught.value.remedy


def test_a_label_column_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\na.png,one\n")
    with pytest.raises(AlphabarError, match="no column `kind`"):
        read_rows(tmp_path, "caption", "kind")
    assert read_rows(tmp_path, "caption", "label")[0].label == ""


def test_sub_folders_are_the_labels_when_there_is_no_label_column(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\ncats/a.png,one\ndeep/dogs/b.png,two\n")
    assert [row.label for row in read_rows(tmp_path, "caption", "label")] == ["cats", "dogs"]


def test_a_single_sub_folder_is_no_label(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\nimages/a.png,one\nimages/b.png,two\n")
    assert {row.label for row in read_rows(tmp_path, "caption", "label")} == {""}


def test_a_label_that_is_missing_in_some_rows_is_a_fault(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption,label\na.png,one,x\nb.png,two,\n")
    with pytest.raises(AlphabarError, match="b.png has no `label`"):
        read_rows(tmp_path, "caption", "label")


def test_every_faulty_row_is_told_up_to_ten(tmp_path: Path) -> None:
    lines = [f"{n}.png," for n in range(13)]
    write_csv(tmp_path, "file_name,caption\nok.png,yes\n" + "\n".join(lines))
    with pytest.raises(AlphabarError, match=r"13 fault\(s\)") as caught:
        read_rows(tmp_path, "caption", "label")
    assert "line 3: 0.png has no `caption`" in caught.value.what
    assert caught.value.what.count("has no `caption`") == 10
    assert "and 3 more" in caught.value.what


@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "x/../../a.png",
        "/etc/passwd",
        "..\\a.png",
        ".git/a.png",
        "x/./a.png",
        "x//a.png",
        "a\x1b.png",
    ],
)
def test_a_path_that_may_lead_outside_is_a_fault(
    pictures: Callable[..., Path], edit_records: Callable[..., None], name: str
) -> None:
    folder = pictures()
    edit_records(folder, lambda records: [*records, {"file_name": name, "caption": "c"}])
    reading = inspect(folder, "caption", "label")
    assert len(reading.rows) == 4
    assert len(reading.faults) == 1
    with pytest.raises(AlphabarError, match="file_name"):
        locate(folder, name)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "secret.png").touch()
    (folder / "a.png").symlink_to(tmp_path / "secret.png")
    (folder / "up").symlink_to(tmp_path)
    for name in ("a.png", "up/secret.png"):
        with pytest.raises(AlphabarError, match="link that leads out"):
            locate(folder, name)


def test_a_link_in_a_circle_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("a.png")
    with pytest.raises(AlphabarError, match="is missing"):
        locate(tmp_path, "a.png")


def test_a_folder_is_not_an_image(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(AlphabarError, match="not a regular file"):
        locate(tmp_path, "a.png")


def test_an_image_that_is_listed_twice_is_a_fault(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\na.png,one\na.png,two\n")
    assert inspect(tmp_path, "caption", "label").faults == ("a.png is listed 2 times",)


def test_a_list_is_not_a_caption(tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "caption": ["one"]}')
    assert "holds list" in inspect(tmp_path, "caption", "label").faults[0]
