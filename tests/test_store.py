"""The store: published whole or not at all, once, by whoever comes first."""

import json
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.digests import file_sha256, hashed
from components.files.manifest import read_manifest
from components.spec.plan import Node
from components.store import Store

NODE = Node("train", "train", {"steps": 3}, {}, "data")


def write(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, scratch: Path) -> None:
    (out / "sub").mkdir()
    (out / "sub" / "weights").write_bytes(b"12345")


def unexpected(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, scratch: Path) -> None:
    raise AssertionError("the stage ran again")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts")


def leftovers(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("out") if any(path.iterdir())]


def test_a_published_stage_has_a_whole_manifest(store: Store) -> None:
    path = store.produce(NODE, write, device="cpu")
    manifest = store.manifest(NODE)
    file = manifest["files"]["sub/weights"]
    assert file == {"size": 5, "sha256": file_sha256(path / "sub" / "weights")}
    assert manifest["key"] == NODE.key
    assert manifest["data_hash"] == "data"
    assert manifest["spec"] == {"steps": 3}
    assert manifest["libraries"]["torch"]
    assert manifest["wall_seconds"] >= 0
    assert manifest["device"] == "cpu"


def test_a_published_stage_is_not_run_again(store: Store) -> None:
    store.produce(NODE, write)
    assert store.produce(NODE, unexpected) == store.path(NODE)


def test_inputs_are_handed_over_by_role_and_must_be_published(store: Store) -> None:
    reader = Node("sample", "sample", {}, {"model": NODE})
    with pytest.raises(AlphabarError, match="is missing from the store"):
        store.produce(reader, unexpected)
    store.produce(NODE, write)
    seen = {}

    def read(spec: Any, inputs: Mapping[str, Path], out: Path, scratch: Path) -> None:
        seen.update(inputs)

    store.produce(reader, read)
    assert seen == {"model": store.path(NODE)}
    assert store.manifest(reader)["inputs"] == {"model": NODE.key}


READER = Node("sample", "sample", {}, {"model": NODE})


def test_a_damaged_input_stops_a_stage_and_is_made_anew_once_deleted(store: Store) -> None:
    weights = store.produce(NODE, write) / "sub" / "weights"
    weights.write_bytes(b"12354")
    with pytest.raises(AlphabarError, match="is damaged") as caught:
        store.produce(READER, unexpected)
    assert str(weights) in caught.value.what
    assert f"delete {store.path(NODE)} and run again" in caught.value.remedy
    assert not store.has(READER)
    shutil.rmtree(store.path(NODE))
    store.produce(NODE, write)
    store.produce(READER, lambda spec, inputs, out, scratch: None)
    assert store.has(READER)


def test_what_was_made_from_a_deleted_stage_stays(store: Store) -> None:
    store.produce(NODE, write)
    store.produce(READER, lambda spec, inputs, out, scratch: None)
    shutil.rmtree(store.path(NODE))
    store.produce(NODE, write)
    assert store.produce(READER, unexpected) == store.path(READER)


def test_another_stage_runs_output_in_its_place_is_no_input(store: Store) -> None:
    other = Node("train", "train", {"steps": 4}, {}, "data")
    store.produce(NODE, write), store.produce(other, write)
    shutil.rmtree(store.path(NODE))
    store.path(other).rename(store.path(NODE))
    with pytest.raises(AlphabarError, match="output of another stage run"):
        store.produce(READER, unexpected)


def test_a_directory_that_lost_its_manifest_is_made_anew(store: Store) -> None:
    (store.produce(NODE, write) / "manifest.json").unlink()
    assert (store.produce(NODE, write) / "manifest.json").is_file()


def test_an_input_is_hashed_once_however_many_stages_read_it(store: Store) -> None:
    store.produce(NODE, write)
    before = hashed.cache_info().misses
    for steps in range(3):
        reader = Node("sample", "sample", {"steps": steps}, {"model": NODE})
        store.produce(reader, lambda spec, inputs, out, scratch: None)
    assert hashed.cache_info().misses - before == 1


def test_a_failed_stage_leaves_nothing_but_its_scratch(store: Store) -> None:
    def fail(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
        (out / "half").write_text("half")
        (scratch / "resume").write_text("5")
        (scratch / ".resume.part").write_text("6, half")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        store.produce(NODE, fail)
    assert not store.has(NODE)
    assert leftovers(store) == []

    def resume(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
        assert [path.name for path in scratch.iterdir()] == ["resume"]
        assert (scratch / "resume").read_text() == "5"
        assert list(out.iterdir()) == []

    store.produce(NODE, resume)
    assert not store.scratch(NODE).exists()


def test_a_full_disk_is_named_and_leaves_nothing_half_written(store: Store) -> None:
    def fill(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
        (out / "weights").symlink_to("/dev/full")
        (out / "weights").write_bytes(b"x" * 10_000)

    with pytest.raises(AlphabarError, match="no disk space is left") as caught:
        store.produce(NODE, fill)
    assert "--store" in caught.value.remedy
    assert not store.has(NODE)
    assert leftovers(store) == []


def test_a_full_disk_is_named_though_what_is_half_written_is_a_folder(store: Store) -> None:
    def fill(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
        (scratch / "resume").write_text("5")
        part = scratch / "best" / ".step_000500.part"  # as `training.best` fills it
        part.mkdir(parents=True)
        (part / "model.safetensors").symlink_to("/dev/full")
        (part / "model.safetensors").write_bytes(b"x" * 10_000)

    with pytest.raises(AlphabarError, match="no disk space is left"):
        store.produce(NODE, fill)
    left = [path.name for path in store.scratch(NODE).rglob("*")]
    assert sorted(left) == ["best", "resume"]


def test_clean_up_that_cannot_be_done_does_not_hide_the_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
        (scratch / ".resume.part").write_text("half")
        raise RuntimeError("the first error")

    def refused(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(RuntimeError, match="the first error"):
        store.produce(NODE, fail)


def test_a_full_disk_is_named_though_numpys_error_has_no_number(store: Store) -> None:
    def fill(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
        (out / "images.npy").symlink_to("/dev/full")
        np.save(out / "images.npy", np.zeros(100_000))

    with pytest.raises(AlphabarError, match="no disk space is left"):
        store.produce(NODE, fill)
    assert not store.has(NODE)


def test_an_error_on_a_disk_without_room_is_named_whatever_it_says(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
        raise RuntimeError("basic_ios::clear: iostream error")  # torch.save's, on a full disk

    with pytest.raises(RuntimeError, match="iostream"):
        store.produce(NODE, fail)
    full = shutil.disk_usage("/")._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(AlphabarError, match="no disk space is left"):
        store.produce(NODE, fail)


def test_other_errors_are_not_taken_for_a_full_disk(store: Store) -> None:
    def fail(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
        (out / "missing" / "file").write_text("x")

    with pytest.raises(FileNotFoundError):
        store.produce(NODE, fail)


def _slow(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
    (out / "started").write_text(str(os.getpid()))
    (scratch / "count").open("a").write("x")
    time.sleep(0.5)


def _produce(root: Path) -> None:
    Store(root).produce(NODE, _slow)


def test_two_processes_on_one_key_run_it_once(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_produce, args=(store.root,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    started = (store.path(NODE) / "started").read_text()
    assert started in {str(process.pid) for process in processes}


def _killed(spec: Any, inputs: Any, out: Path, scratch: Path) -> None:
    (out / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)


def _produce_killed(root: Path) -> None:
    Store(root).produce(NODE, _killed)


def test_a_killed_process_publishes_nothing_and_blocks_nobody(store: Store) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_produce_killed, args=(store.root,)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not store.has(NODE)
    path = store.produce(NODE, write)
    assert sorted(p.name for p in path.iterdir()) == ["manifest.json", "sub"]


def test_a_broken_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(AlphabarError, match=r"manifest\.json is broken"):
        read_manifest(tmp_path)


def test_the_reproducible_part_of_a_manifest_is_the_same_every_time(
    store: Store, tmp_path: Path
) -> None:
    def part(root: Path) -> dict[str, Any]:
        other = Store(root)
        other.produce(NODE, write)
        manifest = json.loads((other.path(NODE) / "manifest.json").read_text())
        for name in ("wall_seconds", "ended", "git_commit", "device", "machine", "seal"):
            manifest.pop(name)
        manifest.pop("processor")
        return manifest

    assert part(tmp_path / "a") == part(tmp_path / "b")
