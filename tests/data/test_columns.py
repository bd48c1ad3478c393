from pathlib import Path

import pytest

from components.data.sources.folder import inspect
from components.errors import AlphabarError

WRITTEN = (
    "File_Name, CAPTION ,Label,Split,Style,Drawing\na.png,one,x,train,ink,d\nb.png,two,y,test,,\n"
)
PLAIN = "file_name,caption,label,split,style,drawing\n" + WRITTEN.partition("\n")[2]


def written(folder: Path, text: str, name: str = "metadata.csv") -> Path:
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_header_in_another_case_means_the_same_columns(tmp_path: Path, separator: str) -> None:
    plain = inspect(written(tmp_path, PLAIN.replace(",", separator)), "caption", "label")
    other = inspect(written(tmp_path, WRITTEN.replace(",", separator)), "caption", "label")
    assert other.rows == plain.rows
    assert (other.faults, other.ignored) == ((), ())
    assert [row.split for row in other.rows] == ["train", "test"]


def test_json_lines_may_write_their_names_in_another_case(tmp_path: Path) -> None:
    line = '{"File_name": "a.png", " Caption": "one", "LABEL": "x", "extra": 1}'
    reading = inspect(written(tmp_path, line, "metadata.jsonl"), "caption", "label")
    assert (reading.rows[0].caption, reading.rows[0].label) == ("one", "x")
    assert reading.ignored == ("extra",)


def test_two_columns_that_differ_in_case_only_are_refused_by_name(tmp_path: Path) -> None:
    written(tmp_path, "file_name,caption,split,Split\na.png,one,train,test\n")
    with pytest.raises(AlphabarError, match="the columns `split` and `Split`, which differ"):
        inspect(tmp_path, "caption", "label")


def test_one_column_may_hold_captions_and_classes(tmp_path: Path) -> None:
    written(tmp_path, "file_name,Label\na.png,cat\n")
    (row,) = inspect(tmp_path, "label", "label").rows
    assert (row.caption, row.label) == ("cat", "cat")
    (row,) = inspect(tmp_path, "Label", "label").rows
    assert (row.caption, row.label) == ("cat", "cat")


@pytest.mark.parametrize(
    ("header", "remedy"),
    [
        ("file,caption,class", "rename the column `file` to `file_name`"),
        ("Image,caption", "rename the column `Image` to `file_name`"),
        ("caption,split", "add a column `file_name` with each image's path"),
        ("file_name,Text", "name the one that holds it: `--caption-column Text`"),
        ("file_name,captoin", "name the one that holds it: `--caption-column captoin`"),
        ("file_name,label", "name the one that holds it: `--caption-column NAME`"),
    ],
)
def test_a_missing_column_has_a_remedy_that_can_be_done(
    tmp_path: Path, header: str, remedy: str
) -> None:
    written(tmp_path, f"{header}\n{','.join('x' for _ in header.split(','))}\n")
    with pytest.raises(AlphabarError) as caught:
        inspect(tmp_path, "caption", "label")
    assert caught.value.remedy.startswith(remedy)


@pytest.mark.parametrize("absent", ["NaN", "nan", "<NA>", "None"])
def test_captions_that_read_as_an_empty_cell_are_told_and_refused_where_all_do(
    tmp_path: Path, absent: str
) -> None:
    written(tmp_path, f"file_name,caption\na.png,{absent}\nb.png,a Nan goat\nc.png,{absent}\n")
    reading = inspect(tmp_path, "caption", "label")
    assert [row.caption for row in reading.rows] == [absent, "a Nan goat", absent]
    told = f"2 of 3 cells of `caption` read `{absent}`, as pandas writes an empty cell"
    assert any(note.startswith(told) for note in reading.table.notes)
    written(tmp_path, f"file_name,caption\na.png,{absent}\nb.png,{absent}\n")
    with pytest.raises(AlphabarError, match=f"every cell of the column `caption` .* `{absent}`"):
        inspect(tmp_path, "caption", "label")
