"""Our directory hash against what DVC itself writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from components.data.cache import cached_listing, fill_cache
from components.data.listing import list_files, listing_hash
from components.data.pin import directory_hash


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty DVC repository without git."""
    dvc(tmp_path, "init", "--no-scm", "-q")
    return tmp_path


def dvc(repository: Path, *arguments: str) -> str:
    """Run dvc in ``repository``; give its output."""
    environment = os.environ | {
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(repository / ".site"),
    }
    command = [sys.executable, "-m", "dvc", *arguments]
    result = subprocess.run(  # noqa: S603 - fixed arguments
        command, cwd=repository, env=environment, capture_output=True, text=True, check=True
    )
    return result.stdout


def awkward_folder(parent: Path) -> Path:
    """Names that sort differently as parts and as text, escapes, an empty and a large file."""
    folder = parent / "images"
    for name in ("a/b.png", "a.png", "a-b/c.png", "é ü/\u4e09.png", 'q"uo\\te.png', "Z", "a/\ttab"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (folder / "empty").touch()
    (folder / "windows.txt").write_bytes(b"one\r\ntwo\r\n")  # older DVC hashed it as one\ntwo\n
    (folder / "large").write_bytes(bytes(range(256)) * 5000)
    (folder / "linked").symlink_to("large")
    return folder


def test_the_hash_is_what_dvc_add_writes(repository: Path) -> None:
    folder = awkward_folder(repository)
    dvc(repository, "add", "-q", "images")
    pinned = yaml.safe_load((repository / "images.dvc").read_text())["outs"][0]["md5"]
    assert directory_hash(folder) == pinned
    assert cached_listing(repository, pinned) == list_files(folder)


def test_dvc_takes_the_cache_that_we_fill_for_its_own(repository: Path) -> None:
    folder = awkward_folder(repository)
    listing = list_files(folder)
    out = {"md5": listing_hash(listing), "hash": "md5", "path": "images"}
    (repository / "images.dvc").write_text(yaml.safe_dump({"outs": [out]}))
    assert "not in cache" in dvc(repository, "status", "images.dvc")
    fill_cache(folder, listing)
    assert "up to date" in dvc(repository, "status", "images.dvc")
    (folder / "a.png").write_bytes(b"changed")
    dvc(repository, "checkout", "--force", "images.dvc")
    assert directory_hash(folder) == listing_hash(listing)
