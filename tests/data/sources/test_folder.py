import json
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
    assert "`--caption-column captions`" in caught.value.remedy


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
    with pytest.raises(AlphabarError, match=r"1 of 2 rows have no `label` \(b.png\)"):
        read_rows(tmp_path, "caption", "label")


def test_every_faulty_row_is_told_up_to_ten(tmp_path: Path) -> None:
    lines = [f"{n}.png," for n in range(13)]
    write_csv(tmp_path, "file_name,caption\nok.png,yes\n" + "\n".join(lines))
    with pytest.raises(AlphabarError, match=r"13 faults") as caught:
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


def test_rows_that_repeat_an_image_are_its_captions(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\na.png,one\nb.png,other\na.png,two\na.png,one\n")
    reading = inspect(tmp_path, "caption", "label")
    assert [row.captions for row in reading.rows] == [("one", "two"), ("other",)]
    assert (reading.faults, reading.repeated) == ((), 1)


def test_rows_of_one_image_that_contradict_each_other_are_a_fault(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption,label\na.png,one,cat\na.png,two,dog\n")
    assert inspect(tmp_path, "caption", "label").faults == (
        "a.png is listed 2 times, with different words in `label`",
    )


def test_a_list_is_several_captions_in_json_lines_and_in_a_cell(tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "caption": ["one", "two"]}')
    (row,) = read_rows(tmp_path, "caption", "label")
    assert row.captions == ("one", "two")
    (tmp_path / "metadata.jsonl").unlink()
    cells = 'a.png,"[""one"", ""two""]"\nb.png,[a picture]\n'
    write_csv(tmp_path, "file_name,caption\n" + cells)
    several = [row.captions for row in read_rows(tmp_path, "caption", "label")]
    assert several == [("one", "two"), ("[a picture]",)]


@pytest.mark.parametrize(
    "text",
    [
        "['a red heart', 'heart']",
        " ['heart']\n",
        "['a' 'b']",
        "[heart, red]",
        '["heart", nan]',
        '["heart", null]',
        '["heart", 1]',
        '[["heart"]]',
        "[1]",
        "[None]",
        "[nan]",
    ],
)
def test_a_list_that_is_no_json_is_a_fault_and_no_caption(tmp_path: Path, text: str) -> None:
    record = {"file_name": "a.png", "caption": text}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(record))
    (fault,) = inspect(tmp_path, "caption", "label").faults
    assert fault.startswith(f"line 1: `caption` of a.png is {text.strip()!r}, which is no JSON")
    assert fault.endswith('write ["one", "two"], or ["[one]"] for a caption in brackets')


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ("[untitled]", "[untitled]"),
        ("[St. Paul's at night]", "[St. Paul's at night]"),
        ("[1] a drawing, red", "[1] a drawing, red"),
        ("a drawing [1, 2]", "a drawing [1, 2]"),
        ('["[a heart, red]"]', "[a heart, red]"),
    ],
)
def test_a_caption_may_have_brackets(tmp_path: Path, text: str, caption: str) -> None:
    record = {"file_name": "a.png", "caption": text}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(record))
    (row,) = read_rows(tmp_path, "caption", "label")
    assert row.captions == (caption,)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ('["one", " "]', "a.png has an empty one among its 2 `caption`"),
        ("[]", "a.png has no `caption`"),
        ('[["one"]]', "`caption` holds list, not a text"),
        ('{"a": 1}', "`caption` holds dict, not a text"),
    ],
)
def test_a_list_with_something_else_than_captions_is_a_fault(
    tmp_path: Path, value: str, fault: str
) -> None:
    (tmp_path / "metadata.jsonl").write_text(f'{{"file_name": "a.png", "caption": {value}}}')
    (found,) = inspect(tmp_path, "caption", "label").faults
    assert fault in found


def test_one_picture_beside_class_folders_is_a_fault_and_no_loss_of_labels(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\ncats/a.png,one\ndogs/b.png,two\nc.png,three\n")
    (fault,) = inspect(tmp_path, "caption", "label").faults
    assert fault.startswith("c.png lies beside the folders cats, dogs, which would be classes")


def test_folders_called_as_splits_are_the_split_and_no_classes(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\ntrain/a.png,one\nTest/b.png,two\n")
    reading = inspect(tmp_path, "caption", "label")
    assert reading.split_by == "the folders"
    assert [(row.label, row.split) for row in reading.rows] == [("", "train"), ("", "Test")]


def test_classes_lie_inside_the_folders_of_the_split(tmp_path: Path) -> None:
    listed = "train/cat/a.png,one\ntrain/dog/b.png,two\nval/cat/c.png,three\n"
    write_csv(tmp_path, "file_name,caption\n" + listed)
    rows = read_rows(tmp_path, "caption", "label")
    told = [(row.label, row.split) for row in rows]
    assert told == [("cat", "train"), ("dog", "train"), ("cat", "val")]


def test_a_column_says_more_of_the_split_than_the_folders(tmp_path: Path) -> None:
    listed = "train/a.png,one,test\ntest/b.png,two,train\n"
    write_csv(tmp_path, "file_name,caption,split\n" + listed)
    reading = inspect(tmp_path, "caption", "label")
    assert reading.split_by == "the column `split`"
    assert [row.split for row in reading.rows] == ["test", "train"]


def test_folders_of_which_none_is_trained_on_are_a_fault(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\nval/a.png,one\ntest/b.png,two\n")
    (fault,) = inspect(tmp_path, "caption", "label").faults
    assert fault.startswith("the split puts no image into train")


@pytest.mark.parametrize("empty", ["", "NaN"])
def test_a_column_that_is_empty_everywhere_is_one_message(tmp_path: Path, empty: str) -> None:
    value = empty or '""'
    lines = [f'{{"file_name": "{n}.png", "caption": {value}, "words": "w"}}' for n in range(30)]
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))
    with pytest.raises(AlphabarError, match=r"`caption` of .* is empty in all 30 rows") as caught:
        inspect(tmp_path, "caption", "label")
    assert "`--caption-column`" in caught.value.remedy


def test_a_class_may_be_called_train_beside_others(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption\ncar/a.png,one\ntrain/b.png,two\n")
    assert [row.label for row in read_rows(tmp_path, "caption", "label")] == ["car", "train"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("train,rest", "line 3: b.png: the split 'rest' is none of train, training, holdout, test"),
        ("train,", "1 of 2 rows have no `split` (b.png): fill it in every row, or remove"),
        ("test,val", "the split puts no image into train: mark some `train` in the column"),
    ],
)
def test_a_split_that_does_not_say_where_an_image_belongs_is_a_fault(
    tmp_path: Path, words: str, fault: str
) -> None:
    first, second = words.split(",")
    write_csv(tmp_path, f"file_name,caption,split\na.png,one,{first}\nb.png,two,{second}\n")
    assert any(found.startswith(fault) for found in inspect(tmp_path, "caption", "label").faults)


def test_a_split_that_says_train_everywhere_is_none(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,caption,split\na.png,one,train\nb.png,two,Training\n")
    reading = inspect(tmp_path, "caption", "label")
    assert reading.all_train
    assert (reading.faults, [row.split for row in reading.rows]) == ((), ["", ""])


def test_empty_cells_are_one_fault_however_many_they_are(tmp_path: Path) -> None:
    rows = "".join(f"{n}.png,word,{'train' if n else 'test'},\n" for n in range(2))
    rows += "".join(f"{n}.png,word,,\n" for n in range(2, 30))
    write_csv(tmp_path, f"file_name,caption,split,label\n{rows}")
    (fault,) = inspect(tmp_path, "caption", "label").faults
    assert fault.startswith("28 of 30 rows have no `split` (2.png, 3.png,")


def test_a_drawing_on_both_sides_of_a_split_is_a_fault(tmp_path: Path) -> None:
    rows = "a.png,one,d,train\nb.png,two,d,test\n"
    write_csv(tmp_path, "file_name,caption,drawing,split\n" + rows)
    assert inspect(tmp_path, "caption", "label").faults == ("drawing d is in both splits",)


def test_columns_that_are_not_read_are_known(tmp_path: Path) -> None:
    write_csv(tmp_path, "file_name,text,price,caption,style\na.png,one,3,two,ink\n")
    assert inspect(tmp_path, "text", "label").ignored == ("price", "caption")


@pytest.mark.parametrize("caption", ["\u200b", "\ufeff ", "\u00a0"])
def test_a_caption_of_which_nothing_is_seen_is_empty(tmp_path: Path, caption: str) -> None:
    write_csv(tmp_path, f"file_name,caption\na.png,{caption}\n")
    assert inspect(tmp_path, "caption", "label").faults == ("line 2: a.png has no `caption`",)


def test_a_caption_that_no_file_can_keep_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "metadata.jsonl"
    path.write_text('{"file_name": "a.png", "caption": "a\\u0000b"}')
    (fault,) = inspect(tmp_path, "caption", "label").faults
    assert fault == "line 1: `caption` of a.png holds the character U+0000"
    path.write_text('{"file_name": "a.png", "caption": "a\\ud800b"}')
    with pytest.raises(AlphabarError, match=r"metadata\.jsonl, line 1: .*half of a surrogate pair"):
        inspect(tmp_path, "caption", "label")
    path.write_text(json.dumps({"file_name": "a.png", "caption": "a" * 100_001}))
    (fault,) = inspect(tmp_path, "caption", "label").faults
    assert fault == "line 1: `caption` of a.png has 100001 letters, more than 100000"


def test_line_ends_and_marks_around_a_caption_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").write_text(
        '{"file_name": "a.png", "caption": "\\ufeff two\\rlines ", "label": NaN}'
    )
    (row,) = read_rows(tmp_path, "caption", "label")
    assert (row.caption, row.label) == ("two\rlines", "")


def test_images_that_were_added_without_captions_are_a_subject_s_alone(tmp_path: Path) -> None:
    folder = tmp_path / "rex"
    folder.mkdir()
    (folder / "metadata.jsonl").write_text('{"file_name": "a.png"}\n{"file_name": "b.png"}\n')
    with pytest.raises(AlphabarError) as caught:
        read_rows(folder, "caption", "label")
    assert f"the images in {folder} have no captions, as `data add --no-captions`" in str(
        caught.value
    )
    assert "only `finetune.subject` can use them" in caught.value.what
    assert "give `subject: rex` and other images as `data`" in caught.value.remedy
    assert len(read_rows(folder, None, "label")) == 2
    (folder / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "a"}\n')
    with pytest.raises(AlphabarError, match="no column `caption`") as caught:
        read_rows(folder, "caption", "label")
    assert "`--caption-column text`" in caught.value.remedy
