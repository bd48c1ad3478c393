from pathlib import Path

import pytest

from components.data.metadata import COLUMNS, Row, read_table, to_csv
from components.errors import AlphabarError


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    row = Row("a/b.png", "x", 'a "quoted", comma\nand a line – é', "bold", "b")
    (tmp_path / "metadata.csv").write_bytes(to_csv([row]))
    table = read_table(tmp_path)
    assert Row(**table.records[0][1]) == row
    assert table.columns == COLUMNS


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_bytes(b"\xef\xbb\xbffile_name,caption\r\na.png,one\r\n")
    table = read_table(tmp_path)
    assert table.columns == ("file_name", "caption")
    assert table.records[0][1] == {"file_name": "a.png", "caption": "one"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metadata.csv", b"file_name,caption\na.png,one,two\n", "line 2: it has more fields"),
        ("metadata.csv", b'file_name,caption\na.png,"one\n', "line 2: unexpected end of data"),
        ("metadata.csv", b"file_name,caption\n", "lists no image"),
        ("metadata.csv", b"", "lists no image"),
        ("metadata.csv", b"file_name,caption\na.png,\xff\n", "not UTF-8"),
        ("metadata.jsonl", b'{"file_name": "a.png"}\n{"file', "line 2: it is not JSON"),
        ("metadata.jsonl", b"[1]\n", "line 1: it holds list"),
        ("metadata.jsonl", b"[" * 100_000, "line 1: it is not JSON"),
        ("metadata.jsonl", b"\n\n", "lists no image"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AlphabarError, match=message) as caught:
        read_table(tmp_path)
    assert name in caught.value.what


def test_a_folder_without_metadata_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match=r"neither metadata.csv nor metadata.jsonl") as caught:
        read_table(tmp_path)
    assert "write a metadata.csv with the columns `file_name` and `caption`" in caught.value.remedy
    assert "keep" not in caught.value.remedy
    (tmp_path / "labels.csv").touch()
    with pytest.raises(AlphabarError) as caught:
        read_table(tmp_path)
    assert "is it labels.csv? Then rename it to metadata.csv" in caught.value.remedy


def test_two_metadata_files_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").touch()
    (tmp_path / "metadata.jsonl").touch()
    with pytest.raises(AlphabarError, match="has both") as caught:
        read_table(tmp_path)
    assert "keep the one" in caught.value.remedy


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="is not a folder"):
        read_table(tmp_path / "nothing")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_header_says_what_separates_the_cells(tmp_path: Path, separator: str) -> None:
    lines = [["file_name", " caption "], ["a.png", '"one, two; three | four"']]
    (tmp_path / "metadata.csv").write_text("\n".join(separator.join(line) for line in lines))
    table = read_table(tmp_path)
    assert table.columns == ("file_name", "caption")
    assert table.separator == separator
    assert table.records[0][1]["caption"] == "one, two; three | four"


def test_cells_between_tabs_need_no_quotes_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "metadata.csv"
    path.write_text('file_name\tcaption\na.png\t"Go" on a sign\n')
    table = read_table(tmp_path)
    assert table.records[0][1]["caption"] == '"Go" on a sign'
    assert "quotation marks are read as letters" in table.notes[0]
    path.write_text('file_name\tcaption\na.png\t"Go on a sign"\n')
    assert read_table(tmp_path).notes == ()


def test_a_column_that_stands_twice_is_named(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file_name,caption,caption\na.png,one,two\n")
    with pytest.raises(AlphabarError, match="`caption` stands there twice"):
        read_table(tmp_path)


def test_an_apostrophe_before_a_formula_is_no_part_of_the_caption(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file_name,caption\na.png,'=cat\nb.png,'tis\n")
    captions = [record["caption"] for _, record in read_table(tmp_path).records]
    assert captions == ["=cat", "'tis"]
