import csv
from pathlib import Path

import pytest

from components.preference.spreadsheet import neutral, write_csv


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@a", "\tb", "\rb", "  =x", "\uff1dx"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == "'" + text


@pytest.mark.parametrize("value", ["a=b", "", " plain", 3, -1.5, True])
def test_plain_text_and_numbers_stay(value: object) -> None:
    assert neutral(value) == value


def test_quotes_and_newlines_survive(tmp_path: Path) -> None:
    row = {"a": 'say "x", then\ny', "b": "é"}
    write_csv(tmp_path / "t.csv", [row])
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [row]
