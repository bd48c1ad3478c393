"""A dataset that could not be pinned is not there, whatever ended `dvc add`."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from components.errors import AlphabarError
from components.runtime import silent
from flows.tools.adding import add_data


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as in a terminal: a shell ignores it for what runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("end", "error", "said"),
    [
        ("kill -INT $PPID", KeyboardInterrupt, "^$"),
        ("echo no disk >&2; exit 1", AlphabarError, "failed: no disk"),
    ],
)
def test_what_ends_the_pinning_leaves_no_dataset(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
    error: type[BaseException],
    said: str,
) -> None:
    source, root, program = (tmp_path / name for name in ("mine", "root", "python"))
    source.mkdir()
    (root / ".dvc").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(source / "a.png")
    (source / "a.txt").write_text("a square")
    program.write_text(f'#!/bin/sh\ntouch "$5.dvc"\n{end}\n')  # of python -m dvc add --quiet DIR
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(error, match=said):
        add_data(source, "mine", root, "caption", "label", silent)
    assert [*(root / "datasets").iterdir()] == []
