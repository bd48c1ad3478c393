from pathlib import Path

import pytest

from components.data.cache import cached_listing, fill_cache, find_cache
from components.data.listing import list_files, listing_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.txt").write_text("one")
    return tmp_path / "images"


def test_a_configured_cache_directory_is_honoured(tmp_path: Path, folder: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(
        "[core]\n    autostage = false\n[cache]\n    dir = ../shared\n"
    )
    listing = list_files(folder)
    fill_cache(folder, listing)
    assert (tmp_path / "shared/files/md5").is_dir()
    assert cached_listing(folder, listing_hash(listing)) == listing


def test_outside_of_dvc_nothing_is_kept(tmp_path: Path, folder: Path) -> None:
    assert find_cache(folder) is None
    fill_cache(folder, list_files(folder))
    assert sorted(tmp_path.iterdir()) == [folder]


def test_filling_goes_on_after_a_kill(tmp_path: Path, folder: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    listing = list_files(folder)
    md5 = listing["a.txt"]
    place = tmp_path / ".dvc/cache/files/md5" / md5[:2]
    place.mkdir(parents=True)
    (place / f".{md5[2:]}.part").write_text("on")
    (place / f".{md5[2:]}.part").chmod(0o444)
    fill_cache(folder, listing)
    assert [path.read_text() for path in place.iterdir()] == ["one"]


def test_a_damaged_listing_in_the_cache_is_not_believed(tmp_path: Path, folder: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    listing = list_files(folder)
    fill_cache(folder, listing)
    pin = listing_hash(listing)
    kept = tmp_path / ".dvc/cache/files/md5" / pin[:2] / pin[2:]
    kept.chmod(0o644)
    kept.write_text('[{"md5": "0", "relpath": "a.txt"}]')
    assert cached_listing(folder, pin) is None
