"""Every JSON file that is read: what is refused, and that no file can do harm."""

import os
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.json_file import (
    MOST_BYTES,
    MOST_VALUES,
    load_json,
    parse_json,
    read_json,
    read_object,
)
from components.files.text_file import read_text

HOSTILE = {
    "nothing": ("", "Expecting value"),
    "half an object": ('{"a": 1', "Expecting"),
    "65 levels": ("[" * 65 + "]" * 65, "nested more than 64 deep"),
    "levels of both kinds": ('{"a": [' * 40 + "]}" * 40, "nested more than 64 deep"),
    "levels without end": ("[" * 200_000, "nested more than 64 deep"),
    "NaN": ('{"value": NaN}', "NaN is no finite number"),
    "infinity": ("[-Infinity]", "-Infinity is no finite number"),
    "a number beyond float64": ("1e999", "1e999 is no finite number"),
    "an integer of 6,000 digits": ("9" * 6000, r"9… \(6000 characters\) is too long"),
    "half of a surrogate pair": ('["\\ud800"]', "half of a surrogate pair"),
    "a picture": ("\x89PNG", "Expecting value"),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_json(text)
    path = tmp_path / "file.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AlphabarError, match=said) as caught:
        read_json(path, "run again")
    assert "file.json is broken" in caught.value.what
    assert caught.value.remedy == "run again"
    assert len(str(caught.value)) < 500


def test_too_many_values_or_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 10 values"):
        parse_json("[" + "1," * 10 + "1]", values=10)
    with pytest.raises(ValueError, match="more than 5000000 values"):
        parse_json("[" + "1," * MOST_VALUES + "1]")
    path = tmp_path / "file.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ValueError, match="larger than 64 MiB"):
        load_json(path)


def test_what_we_write_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('{"a": [1, -2.5, null, true, "\\u00e9\\ud83d\\ude00"]}', encoding="utf-8")
    assert read_object(path, "") == {"a": [1, -2.5, None, True, "é😀"]}
    assert parse_json("[" * 64 + "]" * 64)
    assert parse_json(b'"x"') == "x"


def test_a_file_that_is_missing_or_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="does not exist"):
        read_json(tmp_path / "file.json", "")
    with pytest.raises(AlphabarError, match="cannot be read: Is a directory"):
        read_json(tmp_path, "")
    (tmp_path / "file.json").write_text("[]")
    with pytest.raises(AlphabarError, match="holds no JSON object"):
        read_object(tmp_path / "file.json", "")
    (tmp_path / "file.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(AlphabarError, match="is broken"):
        read_json(tmp_path / "file.json", "")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    with pytest.raises(AlphabarError, match="pipe.json cannot be read: it is no regular file"):
        read_json(pipe, "run again")
    with pytest.raises(AlphabarError, match="pipe.json cannot be read: it is no regular file"):
        read_text(pipe, most=100, remedy="run again")
