import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.files.tables import (
    MOST_BYTES,
    csv_lines,
    csv_rows,
    neutral,
    plain,
    read_csv,
    write_csv,
)

ROOT = Path(__file__).parent.parent.parent
UNSEEN = (
    "",
    " ",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u3000",
    "\x00",
    " \u200b\u00a0",
    "\u034f",
)
STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", "\u2212")
texts = st.text(
    st.one_of(
        st.sampled_from("'=+-@\t\r\n \",;\u00a0\u200b\ufeff\uff1d\u2212\x00"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=8,
)


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
@pytest.mark.parametrize("start", STARTS, ids=ascii)
def test_what_a_spreadsheet_might_run_gets_an_apostrophe(unseen: str, start: str) -> None:
    text = f"{unseen}{start}1+cmd()"
    assert neutral(text) == "'" + text
    assert plain("'" + text) == text


@pytest.mark.parametrize("text", ["\tb", "\rb", "\nb", " \t=b"])
def test_a_leading_line_end_or_tab_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == "'" + text


@pytest.mark.parametrize("value", ["a=b", "", " plain", "'tis", "é", "\u200bword", 3, -1.5, True])
def test_plain_text_and_numbers_stay(value: object) -> None:
    assert neutral(value) == value


def test_an_apostrophe_that_was_there_already_is_told_from_ours() -> None:
    assert [neutral(text) for text in ("=a", "'=a", "''=a")] == ["'=a", "''=a", "'''=a"]


@given(texts)
def test_every_text_comes_back_as_it_was(text: str) -> None:
    cell = neutral(text)
    assert isinstance(cell, str)
    assert plain(cell) == text


@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_every_table_comes_back_as_it_was(rows: list[tuple[str, str]]) -> None:
    lines = "".join(csv_lines([("a", "=b"), *rows]))
    found = list(csv_rows(io.StringIO(lines, newline="")))
    assert [tuple(row.values()) for row in found] == rows
    assert all(list(row) == ["a", "=b"] for row in found)


@given(texts, texts)
def test_two_texts_never_share_a_cell(one: str, other: str) -> None:
    assert (neutral(one) == neutral(other)) == (one == other)


def test_other_programs_read_quotes_and_every_line_end(tmp_path: Path) -> None:
    row = {"a": 'say "x", then\ny\rz\r\n', "b": "é", "c": ""}
    write_csv(tmp_path / "t.csv", [row])
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [row]
    assert read_csv(tmp_path / "t.csv") == [row]


@pytest.mark.parametrize("text", ["a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n1,"2\n', "a\n\x00\xff"])
def test_a_broken_table_is_a_value_error_and_never_a_shorter_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"line|utf-8"):
        read_csv(tmp_path / "t.csv")


def test_no_other_file_writes_csv() -> None:
    """A writer of its own would neutralise nothing."""
    writers = set()
    for path in [*(ROOT / "components").rglob("*.py"), *(ROOT / "flows").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"writer", "DictWriter", "to_csv"}:
                writers.add(path.relative_to(ROOT).as_posix())
            if isinstance(node, ast.ImportFrom) and node.module == "csv":
                writers.add(path.relative_to(ROOT).as_posix())
    assert writers == {"components/files/tables.py"}


def test_a_table_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)  # a sparse file
    with pytest.raises(ValueError, match="larger than 1024 MiB"):
        read_csv(path)
