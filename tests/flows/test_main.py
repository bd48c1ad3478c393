"""The command line's last word: one message and exit code 2, whatever a file does."""

import io
import sys
from pathlib import Path

import pytest

from components.reporting.tables.table import Table
from flows.cli import main
from flows.console import Display, Work
from flows.run.execution import ProgressEvent
from flows.telling import of_a_file, show, tell


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
    with pytest.raises(OSError) as caught:  # noqa: PT011 - any
        Path("x" * 300).read_text()
    assert str(of_a_file(caught.value)).startswith("x" * 300 + ": File name too long")


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


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("sample m --out x --guidance nan", "nan must be a number from 0 to 50"),
        ("img2img m i.png --out x --strength much", "much must be a number from 0 to 1"),
        ("evaluate x --confidence nan", "nan must be a number from 0.5 to 1"),
        ("evaluate x --confidence 0.2", "0.2 must be a number from 0.5 to 1"),
        ("sample m --out EMPTY", "a folder is needed"),
        ("export m --out EMPTY", "a folder is needed"),
        ("evaluate x --out EMPTY", "a folder is needed"),
    ],
)
def test_an_option_that_is_no_number_or_no_folder_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, told: str
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["alphabar", *("" if word == "EMPTY" else word for word in words.split())]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert told in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_line_says_what_is_waited_for_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Work("sample") as progress:
        for note in ("loading the model", "loading the model", "writing"):
            progress(0, 20, note)
        progress(3, 20)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["sample: started", "sample: loading the model", "sample: writing"]
    assert len(lines) == 4


def test_what_a_terminal_would_act_on_is_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    tell("\x1b[31mred\nline: Grün")
    Display().say("cell \x1b[2J\n")
    show(Table.of_texts("\x1b]0;title", ["name"], [["\x1b[31mred"]]).noted("\x07"))
    said = capsys.readouterr()
    assert said.out.startswith("\\x1b[31mred\\nline: Grün\n")
    assert said.err == "cell \\x1b[2J\\n\n"
    assert "\x1b" not in said.out
    assert "\x07" not in said.out


def test_the_time_left_is_by_the_pace_since_the_first_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("flows.console.time.monotonic", lambda: now[0])
    with Display() as display:
        display.start("train")
        for second, done in ((100.0, 1), (102.0, 2), (120.0, 11)):
            now[0] = second
            display.event(ProgressEvent("train", done, 21, "step"))
    _, first, last = capsys.readouterr().err.splitlines()
    assert "5 % (1/21), step" in first, "one step says nothing of the pace"
    assert "52 % (11/21), 20 s left" in last, "loading took 100 s"
