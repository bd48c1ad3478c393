"""Files of prompts: texts and tables, as people's tools write them."""

from pathlib import Path

import pytest

from components.data.prompt_file import PromptFile, read_prompts
from components.errors import AlphabarError


def written(tmp_path: Path, content: bytes, name: str = "prompts.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_text_has_a_prompt_a_line_whatever_ends_it(
    tmp_path: Path, end: bytes, mark: bytes
) -> None:
    lines = [b"a red heart", b"", " é cat ".encode(), b"  ", b"the last"]
    found = read_prompts(written(tmp_path, mark + end.join(lines) + end))
    assert found == PromptFile(("a red heart", "é cat", "the last"), ("", "", ""), 2)
    assert found.words(3) == "3 prompts; 2 empty lines left out"


PARTI = (
    'Prompt\tCategory\tChallenge\tNote\nbond\tAbstract\tBasic\tx\na sign, "Hi"\tArts\tWriting\t\n'
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("parti.tsv", PARTI),
        ("quoted.tsv", 'prompt\tgroup\nbond\tAbstract\n"a sign, ""Hi"""\tArts\n'),
        ("p.csv", 'category,prompt\nAbstract,bond\nArts,"a sign, ""Hi"""\n'),
        ("p.CSV", 'GROUP;Prompt\r\nAbstract;bond\r\nArts;"a sign, ""Hi"""\r\n'),
        ("p.csv", 'prompt,group\rbond,Abstract\r"a sign, ""Hi""",Arts\r'),
    ],
)
def test_a_table_has_prompts_and_maybe_groups(tmp_path: Path, name: str, text: str) -> None:
    found = read_prompts(written(tmp_path, b"\xef\xbb\xbf" + text.encode(), name))
    assert found == PromptFile(("bond", 'a sign, "Hi"'), ("Abstract", "Arts"), 0)
    assert found.words(2) == "2 prompts in 2 groups (Abstract 1, Arts 1)"


@pytest.mark.parametrize("name", ["parti.tsv", "parti.TSV"])
def test_a_table_with_tabs_that_is_not_quoted_keeps_its_quotation_marks(
    tmp_path: Path, name: str
) -> None:
    giggle = '"G I G G L E" painted in thick letters'
    path = written(tmp_path, f"{PARTI}{giggle}\tArts\tWriting\t\n".encode(), name)
    found = read_prompts(path)
    assert found.prompts == ("bond", 'a sign, "Hi"', giggle)
    assert found.words(3) == (
        "3 prompts in 2 groups (Abstract 1, Arts 2); cells are not quoted as a CSV's are: their "
        "quotation marks are read as letters"
    )


def test_commas_separate_nothing_in_a_table_with_tabs(tmp_path: Path) -> None:
    path = written(tmp_path, b'prompt\na heart, red\n"two\tof them"\n', "p.tsv")
    assert read_prompts(path).prompts == ("a heart, red", "two\tof them")
    path = written(tmp_path, b"text,prompt\na heart, red\n", "p.tsv")
    with pytest.raises(AlphabarError, match="no column `prompt`; it has `text,prompt`"):
        read_prompts(path)


def test_what_is_left_out_and_not_drawn_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, b"prompt,group\na,x\n,x\nb,\n  ,\nc,x\n", "p.csv")
    assert read_prompts(path).words(2) == (
        "3 prompts in 1 group (x 2), 1 of them in none; 2 empty lines left out; "
        "`evaluation.samples: 2` draws the first 2, and 1 not"
    )
    assert set(read_prompts(written(tmp_path, b"prompt\na\n", "q.csv")).groups) == {""}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", b"", "holds no prompt: 0 empty lines"),
        ("p.txt", b"\n \r\r\n", "holds no prompt: 3 empty lines"),
        ("p.txt", b"a\x00b\n", "binary, or UTF-16"),
        ("p.txt", "a".encode("utf-16"), "is UTF-16 text"),
        ("p.txt", b"a\n\xff\n", "line 2 has the byte 0xff"),
        ("p.txt", b"fine\na\x1bb\n", r"line 2: `prompt` holds the character U\+001B"),
        ("p.txt", b"a" * 100_001, "`prompt` has 100001 letters"),
        ("p.csv", b"caption,group\na,b\n", "no column `prompt`; it has `caption`, `group`"),
        ("p.csv", b"prompt,group\n,b\n,\n", "holds no prompt: 2 empty lines"),
        ("p.csv", b'prompt\n"a\n', "line 2: unexpected end of data"),
        ("p.tsv", b'"prompt"\t"group"\n"a" b\tc\n', "line 2: '\\t' expected after '\"'"),
        ("p.csv", b"prompt,Prompt\na,b\n", "differ in their case only"),
        ("p.csv", b"", "no column `prompt`; it has nothing"),
        ("p.json", b"{}", "is no .txt, .csv or .tsv"),
    ],
)
def test_a_file_of_which_nothing_can_be_drawn_is_one_message(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(AlphabarError, match=message) as caught:
        read_prompts(written(tmp_path, content, name))
    assert name in caught.value.what


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="none.txt does not exist"):
        read_prompts(tmp_path / "none.txt")


def test_prompts_that_read_as_an_empty_cell_are_told_and_refused_where_all_do(
    tmp_path: Path,
) -> None:
    some = read_prompts(written(tmp_path, b"prompt\nnan\na cat\n", "p.csv"))
    assert some.prompts == ("nan", "a cat")
    assert "1 of 2 cells of `prompt` read `nan`" in some.words(2)
    with pytest.raises(AlphabarError, match="every cell of the column `prompt`"):
        read_prompts(written(tmp_path, b"prompt,group\nnan,NaN\n", "p.csv"))
