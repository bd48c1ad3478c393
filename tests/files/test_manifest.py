"""What lies in a published directory is what its manifest says, or it is not read."""

import ast
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.files.digests import hashed
from components.files.manifest import (
    WORK,
    check,
    damages,
    intact,
    read_manifest,
    seal,
    there,
    write_manifest,
)
from components.spec.plan import Node
from components.store import describe

FILES = {"model.safetensors": b"weights", "metrics.json": b"{}", "ema/0.05.safetensors": b"more"}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A directory with a manifest of three files."""
    node = Node("train", "train", {"steps": 3}, {})
    (tmp_path / WORK).mkdir()
    folder = tmp_path / "train" / node.key
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    write_manifest(folder, describe(node, folder))
    return folder


def flip(path: Path) -> None:
    """One bit, with the size and the time stamp as before."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def blank(path: Path) -> None:
    path.write_bytes(bytes(len(path.read_bytes())))


DAMAGE = [
    (flip, "SHA-256"),
    (cut, "bytes, and"),
    (blank, "is damaged"),
    (Path.unlink, "is missing"),
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("damage", "words"), DAMAGE)
def test_every_damaged_file_is_named_with_its_fault_and_the_remedy(
    published: Path, name: str, damage: Callable[[Path], None], words: str
) -> None:
    damage(published / name)
    for read in (intact, lambda path: check(published), there):
        with pytest.raises(AlphabarError, match=words) as caught:
            read(published / name)
        assert str(published / name) in caught.value.what
        assert f"delete {published} and run again" in caught.value.remedy


def test_a_copy_is_compared_with_the_manifest_that_came_along(
    published: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(published, copy)
    assert intact(copy / "model.safetensors") == copy / "model.safetensors"
    flip(copy / "model.safetensors")
    with pytest.raises(AlphabarError, match="SHA-256") as caught:
        intact(copy / "model.safetensors")
    assert "a copy: copy it again" in caught.value.remedy


def test_a_file_that_was_not_published_with_the_others_is_not_read(published: Path) -> None:
    (published / "evaluations.csv").write_text("step,metric,value,low,high\n")
    for read in (there, lambda path: check(published)):
        with pytest.raises(AlphabarError, match="was not published with") as caught:
            read(published / "evaluations.csv")
        assert "another folder" in caught.value.remedy


def test_a_file_that_nobody_published_and_nobody_put_there_is_just_not_there(
    published: Path,
) -> None:
    assert not there(published / "evaluations.csv")
    assert there(published / "metrics.json")


def test_what_a_file_manager_leaves_is_nobodys(published: Path) -> None:
    (published / "ema" / ".DS_Store").write_bytes(b"x")
    check(published)


def test_a_manifest_of_another_program_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"files": {"a": {"size": "small", "sha256": 3}}}')
    (tmp_path / "a").write_text("a")
    assert intact(tmp_path / "a").is_file()


def test_a_manifest_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(AlphabarError, match="cannot be read: Is a directory"):
        read_manifest(tmp_path)


def test_a_users_own_folder_is_compared_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a web page", "files": ["index.html"]}')
    (tmp_path / "model.safetensors").write_bytes(b"x")
    check(tmp_path)
    assert there(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("written", "changed"), [('"steps": 3', '"steps": 2'), ('"size": 7', '"size": 6'), ("{", "")]
)
def test_a_change_in_the_manifest_itself_is_found(
    published: Path, written: str, changed: str
) -> None:
    path = published / "manifest.json"
    path.write_text(path.read_text().replace(written, changed, 1))
    for read in (read_manifest, check, lambda folder: intact(folder / "metrics.json")):
        with pytest.raises(AlphabarError, match=r"manifest\.json is broken"):
            read(published)


def test_a_file_is_hashed_once_a_process_and_again_when_its_time_stamp_changes(
    published: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(published, tmp_path / "copy")
    before = hashed.cache_info().misses
    for _ in range(3):
        check(copy)
        intact(copy / "model.safetensors")
    assert hashed.cache_info().misses - before == len(FILES)
    os.utime(copy / "model.safetensors", ns=(1, 1))
    check(copy)
    assert hashed.cache_info().misses - before == len(FILES) + 1


def test_sizes_are_compared_without_reading_a_file(published: Path) -> None:
    before = hashed.cache_info().misses
    check(published, contents=False)
    cut(published / "metrics.json")
    assert [d.path.name for d in damages(published, contents=False)] == ["metrics.json"]
    assert hashed.cache_info().misses == before


def test_a_directory_in_a_store_is_not_read_without_its_manifest(published: Path) -> None:
    (published / "manifest.json").unlink()
    for name in ("model.safetensors", next(n for n in FILES if "/" in n)):
        with pytest.raises(AlphabarError, match=r"has lost its manifest\.json"):
            intact(published / name)


def test_a_directory_named_by_another_key_than_its_manifest_says_is_not_read(
    published: Path,
) -> None:
    other = published.rename(published.with_name("b" * 64))
    with pytest.raises(AlphabarError, match="another stage run"):
        intact(other / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda manifest: manifest.pop("seal"), "it has no seal"),
        (lambda manifest: manifest.update(files=[]), "seal"),
        (lambda manifest: (manifest.pop("seal"), manifest.update(files=[])), "it has no seal"),
        (lambda manifest: manifest.update(files=[], seal=""), "seal"),
        (lambda m: (m.update(files=[]), m.update(seal=seal(m))), "is not name → size and SHA-256"),
    ],
)
def test_a_manifest_of_ours_without_its_seal_or_its_list_is_broken(
    published: Path, change: Callable[[dict[str, Any]], object], fault: str
) -> None:
    path = published / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(AlphabarError, match=fault):
        intact(published / "model.safetensors")


def test_paths_in_messages_are_normalised(published: Path) -> None:
    cut(published / "model.safetensors")
    crooked = published.parent / "x" / ".." / published.name
    (published.parent / "x").mkdir()
    with pytest.raises(AlphabarError) as caught:
        check(crooked)
    assert "/../" not in caught.value.what + caught.value.remedy


ROOT = Path(__file__).parents[2]
READERS = {"load_json", "read_array", "read_archive", "read_csv", "safe_open"}
OF_THEIR_OWN = {
    "components/data/cache.py": "DVC's cache, by content",
    "components/data/decided.py": "a study's manifest is older than its analysis, and lacks it",
    "components/evaluation/metrics/moments.py": "the user's statistics of other tools",
    "components/evaluation/features/feature_store.py": "each array has its digest behind it",
    "components/networks/conditioners/writing_states.py": "work that is not published yet",
    "components/tracking/search.py": "downloaded from MLflow, with its digest as a tag",
}
"""Readers of files that no manifest lists, or that have looked already, and why."""


def test_whoever_reads_a_file_that_a_stage_may_have_published_looks_at_the_manifest() -> None:
    for path in sorted((ROOT / "components").rglob("*.py")):
        if path.parent.name == "files" or str(path.relative_to(ROOT)) in OF_THEIR_OWN:
            continue
        for call in calls(path):
            told = f"{path}, line {call.lineno}"
            assert ast.unparse(call.args[0]).startswith("intact("), told


def calls(path: Path) -> list[ast.Call]:
    """The calls of a reader in a file."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [n for n in nodes if isinstance(n.func, ast.Name) and n.func.id in READERS]
