"""`alphabar study plan`: sizes that reach the power, fixed ones, and what cannot be reached."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from components.errors import AlphabarError
from flows.cli import app


def planned(*words: object) -> dict[str, Any]:
    result = CliRunner().invoke(
        app, ["study", "plan", *map(str, words), "--json"], catch_exceptions=False
    )
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_table_has_the_asked_plan_and_the_sentence_says_what_is_assumed() -> None:
    result = CliRunner().invoke(app, ["study", "plan", "--effect", "0.6"], catch_exceptions=False)
    assert "studies that could be run" in result.stdout
    assert "tell a win rate of 0.6 from one half with a power of 0.80" in result.stdout
    assert "20 % of answers are ties" in result.stdout


def test_the_plan_is_one_of_the_alternatives_and_reaches_the_power() -> None:
    found = planned("--effect", 0.62, "--raters", 4)
    plan = found["plan"]
    assert 0.8 <= plan["power"] < 0.82
    assert plan["answers"] == 4 * plan["pairs"]
    assert {"effect": 0.62, "raters": 4, "plan": plan} in found["alternatives"]
    assert {each["raters"] for each in found["alternatives"]} == {3, 4, 5}
    assert len(found["alternatives"]) == 15


def test_what_is_fixed_stays() -> None:
    few = planned("--people", 12)["plan"]
    assert few["people"] == 12
    assert few["power"] >= 0.8
    many = planned("--pairs", 150, "--raters", 5)["plan"]
    assert (many["pairs"], many["raters"]) == (150, 5)
    assert many["power"] >= 0.8
    fewer = planned("--pairs", 150, "--raters", 5, "--people", many["people"] - 1)["plan"]
    assert fewer["power"] < 0.8
    assert fewer["people"] == many["people"] - 1


def test_more_ties_need_more_pairs() -> None:
    assert planned("--ties", 0.5)["plan"]["pairs"] > planned("--ties", 0)["plan"]["pairs"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--people", "2", "--raters", "2", "--effect", "0.55"), "ask more people"),
        (("--people", "3", "--raters", "5"), "5 raters a pair need as many people"),
        (("--people", "3", "--raters", "5", "--pairs", "9"), "5 raters a pair need as many people"),
        (("--pairs", "10"), "show more pairs, or ask more raters"),
        (("--pairs", "10", "--people", "100"), "nothing to judge"),
    ],
)
def test_what_no_study_reaches_is_refused(words: tuple[str, ...], fault: str) -> None:
    with pytest.raises(AlphabarError, match=fault):
        CliRunner().invoke(app, ["study", "plan", *words], catch_exceptions=False)
