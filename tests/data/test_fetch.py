import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from components.data.fetch import fetch
from components.data.listing import list_files
from components.errors import AlphabarError


def modification_times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_second_fetch_writes_nothing(writable: Path) -> None:
    before = modification_times(writable / "data")
    fetch(writable)
    assert modification_times(writable / "data") == before


def test_a_missing_file_is_written_again(writable: Path) -> None:
    expected = list_files(writable / "data")
    (writable / "data/digits/metadata.csv").unlink()
    fetch(writable)
    assert list_files(writable / "data") == expected


def test_a_changed_file_is_named_and_nothing_is_written(writable: Path) -> None:
    changed = writable / "data/openmoji/color/1F600.svg"
    changed.write_text("<svg/>")
    absent = writable / "data/digits/regular/0000.png"
    absent.unlink()
    with pytest.raises(AlphabarError, match="openmoji/color/1F600.svg changed"):
        fetch(writable)
    assert changed.read_text() == "<svg/>"
    assert not absent.exists()


def test_force_restores_a_changed_file(writable: Path) -> None:
    expected = list_files(writable / "data")
    (writable / "data/openmoji/color/1F600.svg").write_text("<svg/>")
    fetch(writable, force=True)
    assert list_files(writable / "data") == expected


def test_a_file_that_does_not_belong_there_is_named_and_kept(writable: Path) -> None:
    extra = writable / "data/digits/mine.txt"
    extra.touch()
    with pytest.raises(AlphabarError, match="digits/mine.txt does not belong there"):
        fetch(writable, force=True)
    assert extra.exists()


def test_a_killed_fetch_goes_on_when_started_again(fetched: Path, tmp_path: Path) -> None:
    shutil.copy(fetched / "data.dvc", tmp_path)
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from components.data.fetch import fetch\n"
        "def progress(done, total, note=''):\n"
        "    if done == 50: os.kill(os.getpid(), signal.SIGKILL)\n"
        "fetch(Path(sys.argv[1]), progress)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    killed = subprocess.run(command, check=False)  # noqa: S603 - our own code
    assert killed.returncode == -signal.SIGKILL
    assert len(list_files(tmp_path / "data")) == 50
    (tmp_path / "data/digits/bold/.0.png.part").write_bytes(b"half")
    fetch(tmp_path)
    assert list_files(tmp_path / "data") == list_files(fetched / "data")


def test_two_fetches_at_once_do_not_disturb_each_other(writable: Path) -> None:
    expected = list_files(writable / "data")
    shutil.rmtree(writable / "data/digits")
    faults: list[BaseException] = []

    def run() -> None:
        try:
            fetch(writable)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert list_files(writable / "data") == expected


def test_a_full_disk_is_named(writable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (writable / "data/digits/metadata.csv").unlink()

    def full(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(AlphabarError, match="no disk space is left"):
        fetch(writable)


def test_progress_ends_at_its_total(writable: Path) -> None:
    shutil.rmtree(writable / "data/digits/bold")
    seen: list[tuple[int, int]] = []
    fetch(writable, lambda done, total, note="": seen.append((done, total)))
    assert seen[-1] == (1797, 1797)
