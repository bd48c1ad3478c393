"""`alphabar list`: every name with its line, and nothing heavy loaded to say so."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from components.errors import AlphabarError
from components.spec.catalogue import CATALOGUE
from flows.cli import app
from flows.cli.list import KEYS


def listed(*words: str) -> str:
    result = CliRunner().invoke(app, ["list", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("topic", CATALOGUE)
def test_a_topic_shows_each_name_with_line_source_and_options_in_a_row(topic: str) -> None:
    lines = listed(topic).splitlines()
    assert lines[0].strip() == f"{topic}: {KEYS[topic]}"
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert rows == [
        [name, entry.line, entry.source, ", ".join(entry.options)]
        for name, entry in CATALOGUE[topic].items()
    ]


def test_without_a_topic_everything_is_listed() -> None:
    whole = listed()
    for topic in CATALOGUE:
        assert listed(topic) in whole


def test_an_unknown_topic_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(AlphabarError) as refusal:
        CliRunner().invoke(app, ["list", "solver"], catch_exceptions=False)
    assert refusal.value.what == "there is no list of `solver`"
    assert refusal.value.remedy.startswith("did you mean `solvers`?")


def test_listing_loads_no_torch() -> None:
    code = (
        "import sys; from flows.cli import app; app(['list'], standalone_mode=False);"
        "print(*sys.modules)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "rectified_flow" in output
    loaded = set(output.splitlines()[-1].split())
    assert not loaded & {"torch", "numpy", "pandas", "prefect", "mlflow"}
