"""What is put somewhere is there whole, or not at all."""

import os
import threading
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.new_folder import new_folder
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


def test_two_commands_with_one_new_folder_give_it_to_the_first_whole(tmp_path: Path) -> None:
    out, store = tmp_path / "out", tmp_path / "store"

    def second() -> None:
        with new_folder(out, store) as part:
            (part / "image").write_text("second")

    with new_folder(out, store) as part:
        (part / "image").write_text("first")
        with pytest.raises(AlphabarError, match="out is being written by another command"):
            second()
    assert (out / "image").read_text() == "first"
    assert os.listdir(tmp_path) == ["out"]


def test_what_came_to_a_new_folders_place_meanwhile_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def fail() -> None:
        with new_folder(out, tmp_path / "store"):
            out.mkdir()
            (out / "mine").write_text("precious")

    with pytest.raises(AlphabarError, match="out exists already"):
        fail()
    assert (out / "mine").read_text() == "precious"


def test_who_puts_something_at_the_same_place_waits(tmp_path: Path) -> None:
    target, began = tmp_path / "made", threading.Event()

    def second() -> None:
        began.set()
        with put(target) as part:
            seen.append(target.read_text())
            part.write_text("second")

    seen: list[str] = []
    other = threading.Thread(target=second)
    with put(target) as part:
        other.start()
        assert began.wait(60)
        part.write_text("first")
    other.join(60)
    assert (seen, target.read_text()) == (["first"], "second")
    assert os.listdir(tmp_path) == ["made"]


def test_many_at_one_place_each_put_something_whole(tmp_path: Path) -> None:
    target = tmp_path / "made"

    def fill_often(text: str) -> None:
        for _ in range(50):
            with put(target) as part:
                part.mkdir()
                for name in ("one", "two"):
                    (part / name).write_text(text)
            done.append(text)

    done: list[str] = []
    threads = [threading.Thread(target=fill_often, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 150, "none failed"
    assert (target / "one").read_text() == (target / "two").read_text()
    assert os.listdir(tmp_path) == ["made"]
