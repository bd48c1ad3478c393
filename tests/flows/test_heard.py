"""What a terminal shows is told to a log, too: line by line, tables as texts."""

import pytest

from components.reporting.tables.table import Table
from flows.console import Display
from flows.run.execution import ProgressEvent
from flows.telling import answering, heard_by, note, show, tell


def test_a_quiet_run_tells_its_log_what_began_and_ended_with_the_last_loss(
    capsys: pytest.CaptureFixture[str],
) -> None:
    heard: list[str] = []
    with Display(quiet=True, also=heard.append) as display:
        display.start("train")
        display.event(ProgressEvent("train", 0, 9, "compiling"))
        display.event(ProgressEvent("train", 0, 9, "compiling"))
        display.event(ProgressEvent("train", 8, 9, "loss 0.25"))
        display.finish("train")
        display.start("sample")
        display.finish("sample", "stopped")
    assert heard[:2] == ["train: started", "train: compiling"]
    assert heard[2].startswith("train: done in 0.")
    assert heard[2].endswith(" s, loss 0.25")
    assert heard[3] == "sample: started"
    assert heard[4].startswith("sample: stopped in 0.")
    assert heard[4].endswith(" s")
    assert len(heard) == 5
    assert capsys.readouterr() == ("", "")


def test_lines_and_tables_are_heard_once_whether_they_are_printed_or_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = Table.of_texts("figures", ["cell", "distance"], [["linear", "1.2"]]).noted("mind this")

    def speak() -> list[str]:
        heard: list[str] = []
        with heard_by(heard.append):
            tell("best linear")
            note("few images")
            show(table)
        tell("nobody hears this")
        return heard

    heard = speak()
    assert "mind this" in capsys.readouterr().out
    assert heard[:2] == ["best linear", "note: few images"]
    assert len(heard) == 3
    for words in ("figures", "linear", "1.2", "note: mind this"):
        assert words in heard[2]
    with answering():
        assert speak() == heard
