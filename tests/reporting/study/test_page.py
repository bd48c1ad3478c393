"""A study's page says what its figures say, and nothing that is put in is run."""

from dataclasses import replace

import pytest

from components.figures.study_figures import (
    Finding,
    PairTally,
    Person,
    Progress,
    StudyFigures,
)
from components.reporting.study.page import study_page
from components.reporting.study.tables import main_table, rate_table, view_table
from components.reporting.study.words import ends, summary

RATE = Finding(
    "win_rate",
    "quality",
    "<b>new</b>",
    "old",
    value=0.7,
    low=0.55,
    high=0.85,
    confidence=0.95,
    method="two-way clustered, t",
    answers=40,
    p_value=0.01,
)
DONE = Progress(12, {"quality": 12}, {"quality": 12}, 3, 4)
PAIR = PairTally(
    "quality", "01", "=1 <script>alert(1)</script> ثعلب", "", "old", "<b>new</b>", 1, 3, 0, 1, {}
)


@pytest.fixture
def figures() -> StudyFigures:
    person = Person("عائشة <i>", 20, 4.5, 3, 6, 2, 6, True, True, "failed", "")
    return StudyFigures(
        study="ab12",
        name="<script>x</script>",
        kind="pairwise",
        questions={"quality": "Which image looks better?"},
        models=("old", "<b>new</b>"),
        simulated=False,
        confidence=0.95,
        draws=100,
        seed=0,
        progress=DONE,
        findings=(
            RATE,
            replace(RATE, name="win_rate_wilson", independent=True, p_value=None, low=0.6),
            replace(RATE, view="all", value=0.65, low=0.49),
            Finding("bradley_terry", "quality", note="old: never chosen against the others"),
        ),
        people=(person, replace(person, name="ben", flagged=False, reason="")),
        contested=(PAIR,),
    )


def test_names_are_shown_and_never_run(figures: StudyFigures) -> None:
    page = study_page(figures, {}, ["answers.csv"])
    assert "<script>x" not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; ثعلب" in page
    assert "<b>new" not in page
    assert "<i>" not in page
    assert 'href="answers.csv"' in page
    assert "old: never chosen against the others" in page


def test_the_summary_says_who_was_preferred_and_whether_people_said_so(
    figures: StudyFigures,
) -> None:
    (said,) = summary(figures)
    assert said.startswith(
        "“quality”: <b>new</b> was preferred to old, win rate 70.0 % [55.0, 85.0]"
    )
    marked = list(summary(replace(figures, simulated=True)))
    assert marked[0].startswith("Simulated: no person answered")
    assert "simulated annotators" in study_page(replace(figures, simulated=True), {})
    wide = replace(RATE, low=0.4)
    assert "cannot be told apart" in next(summary(replace(figures, findings=(wide,))))


def test_before_the_end_the_page_has_no_win_rate(figures: StudyFigures) -> None:
    early = replace(figures, progress=replace(DONE, came={"quality": 5}), findings=())
    (said,) = summary(replace(early, contested=()))
    assert said.startswith("7 answers of 12 planned ones")
    page = study_page(replace(early, contested=()), {})
    assert "7 answers of 12 planned" in page
    assert 'id="rates"' not in page


def test_a_look_on_the_way_goes_by_the_always_valid_interval(figures: StudyFigures) -> None:
    look = replace(RATE, name="win_rate_always", low=0.3, high=1.0, p_value=None)
    peeked = replace(DONE, came={"quality": 5}, peek=True)
    early = replace(figures, progress=peeked, findings=(RATE, look))
    said = list(summary(early))
    assert "only the always-valid intervals hold" in said[0]
    assert "[30.0, 100.0]" in said[1]
    assert "cannot be told apart" in said[1]
    (row,) = rate_table(early).rows
    assert "[30.0, 100.0]" in row.cells


def test_intervals_stand_beside_each_other_and_views_too(figures: StudyFigures) -> None:
    table = main_table(figures)
    (row,) = table.rows
    titles = [column.title for column in table.columns]
    assert titles == ["model", "win rate", "p", "answers", "Wilson"]
    assert "independent" in table.columns[-1].below
    assert row.group == "quality"
    (seen,) = view_table(figures).rows
    assert [getattr(cell, "value", cell) for cell in seen.cells[1:3]] == ["70.0 %", "65.0 %"]


def test_an_interval_that_says_nothing_has_no_digits() -> None:
    nu = replace(RATE, name="davidson_nu", value=0.2, low=1e-4, high=400.0)
    worth = replace(RATE, name="davidson", value=0.5, low=1e-5, high=0.9)
    for each in (nu, worth):
        assert ends(each) == "not told apart from anything"
    assert ends(replace(nu, low=0.1)) == "[0.100, 400.000]"
    assert ends(replace(worth, high=0.1)) == "[0.0, 10.0]"
    assert ends(replace(worth, low=0.2)) == "[20.0, 90.0]"


def test_the_record_is_plain_and_has_no_nan(figures: StudyFigures) -> None:
    odd = replace(figures, findings=(replace(RATE, value=float("nan")),))
    record = odd.record()
    assert record["findings"][0]["value"] is None
    assert record["progress"]["finished"] is True
