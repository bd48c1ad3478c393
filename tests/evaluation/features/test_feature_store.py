import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from components.evaluation.features.feature_store import read_values, write_values

SHAPE = (7, 5)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


def test_values_come_back_and_numpy_reads_them_too(tmp_path: Path, values: np.ndarray) -> None:
    path = tmp_path / "new" / "folder" / "key.npy"
    write_values(path, values)
    assert np.array_equal(read_values(path, SHAPE), values)
    assert np.array_equal(np.load(path), values)
    assert [other.name for other in path.parent.iterdir()] == ["key.npy"]


def test_rows_that_are_not_contiguous_are_written_in_their_order(tmp_path: Path) -> None:
    values = np.arange(70, dtype=np.float32).reshape(10, 7).T[:, ::2]
    write_values(tmp_path / "key.npy", values)
    assert np.array_equal(read_values(tmp_path / "key.npy", (7, 5)), values)


def test_what_a_killed_writer_left_goes_with_a_later_write_and_a_living_one_s_stays(
    tmp_path: Path, values: np.ndarray
) -> None:
    left, living = tmp_path / "old.abc.tmp", tmp_path / "new.abc.tmp"
    for path in (left, living):
        path.write_bytes(b"half")
    os.utime(left, (time.time() - 90_000,) * 2)
    write_values(tmp_path / "key.npy", values)
    assert {path.name for path in tmp_path.iterdir()} == {"new.abc.tmp", "key.npy"}


@pytest.mark.parametrize("at", [0, 10, 200, -40, -1])
def test_one_changed_byte_is_found_out(tmp_path: Path, values: np.ndarray, at: int) -> None:
    path = tmp_path / "key.npy"
    write_values(path, values)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert read_values(path, SHAPE) is None


@pytest.mark.parametrize("length", [0, 5, 100, 128, 200, 267, 299])
def test_a_file_that_is_cut_short_is_found_out(
    tmp_path: Path, values: np.ndarray, length: int
) -> None:
    path = tmp_path / "key.npy"
    write_values(path, values)
    assert path.stat().st_size == 128 + 4 * 35 + 32
    path.write_bytes(path.read_bytes()[:length])
    assert read_values(path, SHAPE) is None


def test_a_file_with_more_at_its_end_is_found_out(tmp_path: Path, values: np.ndarray) -> None:
    write_values(tmp_path / "key.npy", values)
    with (tmp_path / "key.npy").open("ab") as file:
        file.write(b"x")
    assert read_values(tmp_path / "key.npy", SHAPE) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_not_trusted(
    tmp_path: Path, values: np.ndarray, bad: float
) -> None:
    values[3, 2] = bad
    write_values(tmp_path / "key.npy", values)
    assert read_values(tmp_path / "key.npy", SHAPE) is None


def test_another_shape_type_or_file_is_none_of_ours(tmp_path: Path, values: np.ndarray) -> None:
    write_values(tmp_path / "key.npy", values)
    assert read_values(tmp_path / "key.npy", (5, 7)) is None
    assert read_values(tmp_path / "gone.npy", SHAPE) is None
    assert read_values(tmp_path, SHAPE) is None
    np.save(tmp_path / "plain.npy", values)
    assert read_values(tmp_path / "plain.npy", SHAPE) is None
    doubles = values.astype(np.float64)
    np.save(tmp_path / "doubles.npy", doubles)
    with (tmp_path / "doubles.npy").open("ab") as file:
        file.write(hashlib.sha256(doubles).digest())
    assert read_values(tmp_path / "doubles.npy", SHAPE) is None


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path, values: np.ndarray) -> None:
    (tmp_path / "file").write_text("no folder")
    write_values(tmp_path / "file" / "key.npy", values)
    (tmp_path / "taken.npy").mkdir()  # the last step fails, as it does on a full disk
    write_values(tmp_path / "taken.npy", values)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken.npy"]


def test_a_full_disk_leaves_nothing_behind(values: np.ndarray, tmp_path: Path) -> None:
    """The real error of a real limit: this process may write no file beyond 100 bytes."""
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        write_values(tmp_path / "key.npy", values)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
import numpy as np
from components.evaluation.features.feature_store import write_values
values = np.arange(2_000_000, dtype=np.float32).reshape(1000, 2000)
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    write_values(Path(sys.argv[1]), values)
"""


def writer(path: Path, times: int) -> subprocess.Popen[str]:
    """Another process that writes the same features to ``path`` so many times."""
    command = [sys.executable, "-c", WRITER, str(path), str(times)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert started.stdout.readline() == "ready\n"
    return started


def test_readers_beside_several_writers_see_nothing_or_all(tmp_path: Path) -> None:
    path, expected = tmp_path / "key.npy", np.arange(2_000_000).reshape(1000, 2000)
    writers = [writer(path, 20) for _ in range(2)]
    whole = 0
    while any(process.poll() is None for process in writers):
        existed = path.exists()
        values = read_values(path, (1000, 2000))
        assert (values is not None) or not existed
        whole += values is not None and bool((values == expected).all())
    assert whole > 3
    assert [process.wait() for process in writers] == [0, 0]
    assert [found.name for found in tmp_path.iterdir()] == ["key.npy"]


def test_a_writer_that_is_killed_leaves_no_half_file_at_the_key(tmp_path: Path) -> None:
    path = tmp_path / "key.npy"
    process = writer(path, 10_000)
    deadline = time.monotonic() + 30
    while not any(found.suffix == ".tmp" for found in tmp_path.iterdir()):
        assert time.monotonic() < deadline
    process.kill()
    process.wait()
    assert not path.exists() or read_values(path, (1000, 2000)) is not None
