"""The command line's last word: one message and exit code 2, whatever a file does."""

import io
import sys
from pathlib import Path

import pytest

from flows.cli import main


def test_a_file_that_the_system_refuses_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    words = ["alphabar", "stage", "train", "--params", "p.yaml", "--folder", "file/x"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.count("error: ") == said.count("remedy: ") == 1


def test_an_error_of_the_system_becomes_a_message() -> None:
    from flows.cli import _of_a_file

    with pytest.raises(OSError) as caught:  # noqa: PT011 - any
        Path("x" * 300).read_text()
    assert str(_of_a_file(caught.value)).startswith("x" * 300 + ": File name too long")


def test_a_terminal_of_few_characters_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "argv", ["alphabar", "plan", "größe.yaml"])
    with pytest.raises(SystemExit):
        main()
    stream.flush()
    assert b"gr\\xf6\\xdfe.yaml does not exist" in stream.buffer.getvalue()
