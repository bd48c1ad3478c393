import os
from pathlib import Path

import pytest

from components.data.listing import below, differences, list_contents, list_files, listing_hash
from components.errors import AlphabarError


def test_files_on_disk_and_in_memory_have_one_listing(tmp_path: Path) -> None:
    files = {"b/c.txt": b"1", "a.txt": b"2", "b.txt": b"3"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert list_files(tmp_path) == list_contents(files.items())
    assert list(list_files(tmp_path)) == sorted(files)


def test_the_hash_does_not_depend_on_the_order() -> None:
    listing = {"a": "1" * 32, "b": "2" * 32}
    assert listing_hash(listing) == listing_hash(dict(reversed(listing.items())))
    assert listing_hash(listing) != listing_hash({"a": "2" * 32, "b": "1" * 32})


def test_the_listing_of_a_sub_folder_does_not_take_its_namesakes() -> None:
    listing = {"a/x": "1", "ab/x": "2", "a": "3"}
    assert below(listing, "a") == {"x": "1"}
    assert below(listing, ".") == listing


def test_differences_name_each_path_once() -> None:
    found = differences(
        {"same": "1", "other": "2", "new": "3"}, {"same": "1", "other": "9", "old": "4"}
    )
    assert found == ["other changed", "old is missing", "new does not belong there"]


def test_a_link_to_a_folder_is_refused_because_dvc_would_skip_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(AlphabarError, match="link is neither a file nor a folder"):
        list_files(tmp_path)


def test_a_pipe_does_not_hang_the_listing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AlphabarError, match="pipe is neither"):
        list_files(tmp_path)
