"""What every command has: `-h`, `--json` that is all of stdout, types in words, completion."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from components.errors import AlphabarError
from components.reporting.tables.table import Table
from flows.cli import app
from flows.telling import answering, note, show, tell

SILENT = {"up", "stage"}
"""Commands that find nothing: one serves until it is stopped, one is for `dvc repro`."""


def commands() -> Iterator[tuple[str, Any]]:
    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield name, command
        for word, each in getattr(command, "commands", {}).items():
            yield from below(f"{name} {word}".strip(), each)

    yield from below("", get_command(app))


EVERY = dict(commands())
LEAVES = {name: each for name, each in EVERY.items() if not hasattr(each, "commands")}


def test_every_command_answers_a_program() -> None:
    assert len(LEAVES) > 20
    able = {name for name, each in LEAVES.items() if any("--json" in p.opts for p in each.params)}
    assert able == LEAVES.keys() - SILENT


@pytest.mark.parametrize("name", EVERY)
def test_help_is_asked_for_by_one_letter_and_has_types_in_words(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "-h"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "Usage: " in result.stdout
    assert "{" not in result.stdout.split("Usage: ")[1].split("\n", 1)[0]
    types = result.stdout.split("Usage: ")[1].split("\n", 1)[1]
    for python in ("<str>", "<bool>", "<int", "<file>", "<list", "<path>", "<float"):
        assert python not in types
    (flag,) = [line for line in types.splitlines() if "--help" in line]
    assert flag.strip("│ ").split()[:3] == ["--help", "-h", "Show"]


def test_an_answer_is_all_of_stdout_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with answering():
        show(Table.of_texts("t", ["a"], [["1.2"]]).noted("mind"), rows=({"a": 1.23456789},))
        tell("a line", place=sys.exec_prefix, bad=float("nan"), late=lambda: [1])
        note("mind too")
        print("a library's own line")
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "rows": [{"a": 1.23456789}],
        "notes": ["mind", "mind too"],
        "place": sys.exec_prefix,
        "bad": "nan",
        "late": [1],
    }
    assert said.err == "a line\nnote: mind too\na library's own line\n"


def test_what_was_found_before_an_error_is_answered_with_the_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = {"error": {"message": "what", "remedy": "remedy"}}
    for content in ({"found": 1}, {}):
        with pytest.raises(AlphabarError):
            _refused(**content)
        assert json.loads(capsys.readouterr().out) == content | error
    tell("after it lines are printed again")
    assert capsys.readouterr().out == "after it lines are printed again\n"


def _refused(**content: object) -> None:
    with answering():
        tell("line", **content)
        raise AlphabarError("what", "remedy")


def test_a_shell_completes_commands_and_loads_nothing_heavy_for_it() -> None:
    code = (
        "import atexit, sys; from flows.cli import main; sys.argv = ['alphabar'];"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); main()"
    )
    told = {"_ALPHABAR_COMPLETE": "complete_bash", "COMP_WORDS": "alphabar pl", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | told,
    )
    assert done.stdout.split() == ["plan", "plot"]
    assert not {"torch", "numpy", "mlflow", "prefect"} & {*done.stderr.split()}


def test_a_mistyped_command_of_schedules_is_no_file() -> None:
    result = CliRunner().invoke(app, ["schedule", "puase", "digits"])
    assert isinstance(result.exception, AlphabarError)
    assert "did you mean `pause`?" in result.exception.remedy


def test_the_help_of_schedules_has_the_options_of_scheduling() -> None:
    shown = CliRunner().invoke(app, ["schedule", "-h"], env={"COLUMNS": "200"}).stdout
    for option in ("--cron", "--timezone", "--pin", "--when-busy"):
        assert option in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sample m --out x -n 0", "Invalid value for '--count' / '-n'"),
        ("sample", "Missing argument 'MODEL'"),
        ("nonsense", "No such command 'nonsense'"),
        ("plot nonsense", "No such command 'nonsense'"),
        ("schedule", "Missing option '--cron'"),
        ("schedule puase", "there is no command `schedule puase`"),
        ("schedule lisst digits", "there is no command `schedule lisst`"),
    ],
)
def test_what_is_mistyped_is_answered_with_one_document(words: str, said: str) -> None:
    words = "schedule add f.yaml" if words == "schedule" else words
    result = CliRunner().invoke(app, [*words.split(), "--json"])
    assert result.exit_code != 0
    error = json.loads(result.stdout)["error"]
    assert said in error["message"]
    assert error["remedy"]
    assert not CliRunner().invoke(app, words.split()).stdout


def test_a_file_that_the_system_refuses_is_answered_as_any_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        _refused_below(tmp_path / "file")
    answer = json.loads(capsys.readouterr().out)
    assert answer["found"] == 1
    assert answer["error"]["message"] == f"{tmp_path / 'file' / 'x'}: Not a directory"


def _refused_below(file: Path) -> None:
    with answering():
        tell("line", found=1)
        (file / "x").mkdir()
