"""What is put somewhere is there whole, or not at all."""

import os
from pathlib import Path

import pytest

from components.files.put import put, remove_parts


def fill(place: Path, text: str, *, folder: bool) -> None:
    if folder:
        place.mkdir()
        place = place / "file"
    place.write_text(text)


def content(place: Path) -> str:
    return (place / "file" if place.is_dir() else place).read_text()


@pytest.mark.parametrize("folder", [False, True])
def test_what_was_there_is_replaced_at_the_end_alone(tmp_path: Path, folder: bool) -> None:
    target = tmp_path / "made.bin"
    for text in ("first", "second"):
        before = content(target) if target.exists() else None
        with put(target) as part:
            fill(part, text, folder=folder)
            assert (content(target) if target.exists() else None) == before
        assert content(target) == text
    assert os.listdir(tmp_path) == ["made.bin"]


@pytest.mark.parametrize("folder", [False, True])
def test_an_error_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path, folder: bool) -> None:
    target = tmp_path / "made"
    fill(target, "before", folder=folder)

    def fail() -> None:
        with put(target) as part:
            fill(part, "half", folder=folder)
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert os.listdir(tmp_path) == ["made"]
    assert content(target) == "before"


def test_what_a_kill_left_is_in_nobodys_way(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "made"
    target.parent.mkdir()
    left = target.parent / ".made.part"
    fill(left, "killed", folder=True)
    with put(target) as part:
        fill(part, "whole", folder=False)
    assert content(target) == "whole"
    fill(left, "killed", folder=True)
    remove_parts(tmp_path)
    assert os.listdir(target.parent) == ["made"]
