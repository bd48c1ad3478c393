"""A study's figures are those of the statistics, before and after exclusions, or say why not."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from components.figures.study_figures import AT_A_LOOK, Finding, StudyFigures
from components.preference.analysis.analysed import analyse
from components.preference.analysis.automatic import Automatic
from components.preference.analysis.made import at
from components.preference.analysis.opened import Study
from components.preference.analysis.preferred import Settings
from components.preference.analysis.report import report
from components.preference.answers.exclusions import exclude, take_back
from components.preference.answers.imported import Imported, import_answers
from components.preference.statistics.bradley_terry import bradley_terry
from components.preference.statistics.judges import agreement_with
from components.preference.statistics.sequential import crossed_look
from components.preference.statistics.win_rate import win_rate
from components.reporting.study.tables import rate_table
from components.reporting.study.words import summary
from tests.preference.studies import Says, always, answered, build, for_model, leaning

FAST = Settings(draws=100)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def took(study: Study, says: Says, slots: tuple[int, ...] = ()) -> Imported:
    files = answered(study, study.folder.parent / "files", says, slots)
    return import_answers(study.folder, files, study.key)


def only(figures: StudyFigures, *names: str, **of: str) -> Finding:
    (found,) = figures.found(*names, **({"view": "counted", "group": ""} | of))
    return found


def test_the_figures_are_those_of_the_statistics(tmp_path: Path) -> None:
    study = build(tmp_path / "study", ("old", "new", "other"), pairs=30, people=6, raters=3)
    imported = took(study, leaning("new", 3))
    figures = analyse(study, imported, FAST)
    own = imported.counted.of_question("quality")
    ends = at(own, "new"), at(own, "old")
    rate = win_rate(own, *ends, draws=100)
    models = {"question": "quality", "model": "new", "against": "old"}
    for name, interval in (
        ("win_rate", rate.crossed),
        ("win_rate_bootstrap", rate.bootstrap),
        ("win_rate_wilson", rate.wilson),
        ("win_rate_exact", rate.exact),
    ):
        found = only(figures, name, **models)
        assert interval is not None
        assert (found.value, found.low, found.high) == (interval.value, interval.low, interval.high)
        assert found.independent == (name in ("win_rate_wilson", "win_rate_exact"))
    assert only(figures, "win_rate", **models).p_value == rate.p_value
    ranking = bradley_terry(own)
    worth = only(figures, "bradley_terry", question="quality", model="new")
    assert worth.value == ranking.worths[own.model("new")].value
    assert only(figures, "error_rate", **models) if figures.found("error_rate") else True
    assert not figures.found("win_rate_always")  # it is finished, and nobody peeked


def test_p_values_are_corrected_over_models_and_over_groups(tmp_path: Path) -> None:
    study = build(tmp_path / "study", ("old", "new", "other"), pairs=30, people=6, raters=3)
    figures = analyse(study, took(study, leaning("new", 3)), FAST)
    tested = figures.found("win_rate", question="quality", view="counted", group="")
    tested = [f for f in tested if f.p_value is not None]
    assert len(tested) == 2
    assert all(f.p_adjusted is not None and f.p_adjusted >= (f.p_value or 0) for f in tested)
    grouped = [f for f in figures.found("win_rate", question="quality") if f.group]
    assert {f.group for f in grouped} == {"animals", "faces"}
    assert {f.against for f in grouped} == {"old"}
    assert all(f.p_adjusted is not None for f in grouped if f.p_value is not None)


def test_before_the_planned_answers_nobody_is_said_to_win_unless_one_peeks(tmp_path: Path) -> None:
    study = build(tmp_path / "study", pairs=20, people=8, raters=4)
    imported = took(study, leaning("new", 4), (0, 1, 2, 3, 4, 5))
    figures = analyse(study, imported, FAST)
    assert (figures.progress.finished, figures.progress.told) == (False, False)
    assert figures.progress.missing == 80 - figures.progress.came["quality"] > 0
    said = {f.name for f in figures.findings}
    assert said == {
        *("answers_needed", "alpha", "alpha_ordinal", "consistency", "left"),
        *("checks_failed", "seconds"),
    }
    assert not figures.contested
    assert not figures.one_sided
    peeked = analyse(study, imported, FAST, peek=True)
    own = imported.counted.of_question("quality")
    seen = only(peeked, "win_rate_always", question="quality")
    assert seen.low is not None
    fixed = only(peeked, "win_rate", question="quality")
    assert fixed.low is not None
    assert seen.low < fixed.low
    assert seen.value == crossed_look(own, at(own, "new"), at(own, "old")).interval.value
    assert "one half" in seen.note
    for name in ("win_rate", "win_rate_wilson", "win_rate_exact", "win_rate_bootstrap"):
        assert AT_A_LOOK in only(peeked, name, question="quality").note


def test_a_look_at_few_people_shows_the_rate_so_far_and_says_to_go_on(tmp_path: Path) -> None:
    study = build(tmp_path / "study")
    imported = took(study, leaning("new", 3), (0, 1))
    figures = analyse(study, imported, FAST, peek=True)
    seen = only(figures, "win_rate_always", question="quality")
    assert seen.value == only(figures, "win_rate", question="quality").value != 0.5
    assert (seen.low, seen.high) == (0.0, 1.0)
    why = "with fewer than 5 people nothing can be said yet: go on"
    assert seen.note == why
    assert any(why in sentence for sentence in summary(figures))
    (first, *_) = rate_table(figures).rows
    assert why in [getattr(cell, "whole", cell) for cell in first.cells]
    (needed, *_) = figures.found("answers_needed")
    assert "so few people" in needed.note


def test_who_is_excluded_after_all_answers_came_leaves_the_study_finished(tmp_path: Path) -> None:
    study = build(tmp_path / "study")
    took(study, leaning("new", 4))
    exclude(study.folder, "annotator", "person-0", "asleep", "by hand", NOW)
    imported = import_answers(study.folder, [], study.key)
    figures = analyse(study, imported, FAST)
    assert figures.progress.finished
    assert figures.progress.counted["quality"] < figures.progress.came["quality"]
    before = only(figures, "win_rate", question="quality", view="all")
    after = only(figures, "win_rate", question="quality")
    assert after.answers < before.answers
    assert next(p for p in figures.people if p.name == "person-0").excluded == "asleep (by hand)"
    take_back(study.folder, "annotator", "person-0", NOW)
    again = analyse(study, import_answers(study.folder, [], study.key), FAST)
    restored = only(again, "win_rate", question="quality")
    assert (restored.value, restored.low) == (before.value, before.low)
    note = f"counted again since {NOW.isoformat()}: annotator person-0, asleep"
    assert any(each.startswith(note) for each in again.notes)


def test_a_model_that_never_wins_is_told_and_gets_worths_under_another_name(tmp_path: Path) -> None:
    study = build(tmp_path / "study", ("old", "new", "worst"), pairs=30, people=6, raters=3)

    def says(item: object, question: str, slot: int) -> str:
        shown = item.left, item.right  # type: ignore[attr-defined]
        if "worst" in shown:
            return "left" if shown[1] == "worst" else "right"
        return leaning("new", 3)(item, question, slot)  # type: ignore[arg-type]

    figures = analyse(study, took(study, says), FAST)
    refused = only(figures, "bradley_terry", question="quality")
    assert refused.value is None
    assert "worst: never chosen" in refused.note
    worths = figures.found("bradley_terry_pseudo", question="quality")
    assert {f.model for f in worths} == {"old", "new", "worst"}
    assert all("pseudo-answers" in f.note for f in worths)


@pytest.mark.parametrize("word", ["tie", "both bad"])
def test_a_study_of_ties_alone_has_no_win_rate_and_says_why(tmp_path: Path, word: str) -> None:
    study = build(tmp_path / "study")
    figures = analyse(study, took(study, always(word)), FAST)
    found = only(figures, "win_rate", question="quality")
    assert found.value is None
    assert "nobody preferred either model" in found.note
    assert only(figures, "ties", question="quality").value == float(word == "tie")
    assert only(figures, "davidson", question="quality").note
    assert only(figures, "mixed_rate", question="quality").note


def test_one_person_says_nothing_about_others(tmp_path: Path) -> None:
    study = build(tmp_path / "study", people=2, raters=1)
    figures = analyse(study, took(study, leaning("new", 3), (0,)), FAST, peek=True)
    found = only(figures, "win_rate", question="quality")
    assert found.value is not None
    assert found.low is None
    assert "one person" in found.note
    assert only(figures, "alpha", question="quality").value is None
    assert only(figures, "win_rate_always", question="quality").low == 0.0


def test_no_answers_and_failed_checks_alone_are_no_error(tmp_path: Path) -> None:
    study = build(tmp_path / "study")
    nothing = import_answers(study.folder, [], study.key)
    empty = analyse(study, nothing, FAST, peek=True)
    assert (empty.people, empty.progress.people) == ((), 0)
    assert only(empty, "win_rate", question="quality").value is None
    checks = {name for name, item in study.key.items.items() if item.kind == "check"}
    files = answered(study, tmp_path / "files", lambda item, *_: "tie")
    for path in files:
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines[1:] if line.split(",")[1] in checks]
        path.write_text("".join([lines[0], *kept]))
    figures = analyse(study, import_answers(study.folder, files, study.key), FAST, peek=True)
    failed = only(figures, "checks_failed")
    assert failed.value == 1.0
    assert only(figures, "win_rate", question="quality").value is None
    assert len(figures.people) == 4


def test_realism_has_hits_false_alarms_and_their_error_rate(tmp_path: Path) -> None:
    study = build(tmp_path / "study", pairs=40, people=6, raters=3, kind="realism")

    def says(item: object, question: str, slot: int) -> str:
        number = int(item.pair)  # type: ignore[attr-defined]
        if item.left == "real":  # type: ignore[attr-defined]
            return "generated" if (number + slot) % 4 == 0 else "real"
        return "real" if (number + slot) % 3 == 0 else "generated"

    imported = took(study, says)
    figures = analyse(study, imported, FAST)
    shown = imported.counted.shown()
    real = shown.left == shown.model("real")
    made = shown.left == shown.model("new")
    hits, alarms = (
        float((shown.outcome[real] == 0).mean()),
        float((shown.outcome[made] == 0).mean()),
    )
    assert only(figures, "hits").value == hits
    assert only(figures, "false_alarms", model="new").value == pytest.approx(alarms)
    error = only(figures, "error_rate", model="new")
    assert error.value == pytest.approx((1 - hits + alarms) / 2)
    assert error.low is not None
    assert error.low < (error.value or 0)
    bootstrap = only(figures, "error_rate_bootstrap", model="new")
    assert bootstrap.low is not None
    assert bootstrap.value == error.value
    assert not figures.found("win_rate", "left")


def test_the_error_rate_of_independent_answers_has_the_deviation_of_two_shares() -> None:
    """With as many people and images as answers, the crossed variance is the binomial one."""
    from components.preference.analysis.realism import errors
    from components.preference.statistics.choices import Answer, Outcome, choices_of

    rng = np.random.default_rng(0)
    n = 400
    wrong = rng.random(n) < np.where(np.arange(n) < n // 2, 0.2, 0.4)
    answers = [
        Answer(
            f"person {i}",
            f"image {i}",
            "real" if i < n // 2 else "new",
            "generated",
            Outcome.LEFT if (i < n // 2) != bool(wrong[i]) else Outcome.RIGHT,
        )
        for i in range(n)
    ]
    (found,) = [
        f
        for f in errors(choices_of(answers), "", ["new"], Settings(draws=0), "counted")
        if f.name == "error_rate"
    ]
    p, q = wrong[: n // 2].mean(), wrong[n // 2 :].mean()
    deviation = (0.25 * (p * (1 - p) + q * (1 - q)) / (n // 2)) ** 0.5
    assert found.value == pytest.approx((p + q) / 2)
    assert found.high is not None
    assert found.high - (p + q) / 2 == pytest.approx(1.966 * deviation, rel=0.01)


def test_an_automatic_score_agrees_as_often_as_people_choose_the_higher(tmp_path: Path) -> None:
    study = build(tmp_path / "study", pairs=20, people=6, raters=3)
    imported = took(study, leaning("new", 4))
    knows = {pair: {"old": 0.0, "new": 1.0} for pair in study.key.pairs}
    alike = {pair: {"old": 1.0, "new": 1.0} for pair in study.key.pairs}
    half = {pair: scores for pair, scores in knows.items() if int(pair) < 10}
    automatic = Automatic(
        {"knows": knows, "alike": alike, "half": half, "none": {}},
        {
            "FD": {"old": -3.0, "new": -2.0},
            "CLIP": {"old": 2.0, "new": 1.0},
            "x": {"old": 1.0},
            "IS": {"old": 1.0, "new": 2.0},
        },
        {
            "FD": {"old": (-3.2, -2.8), "new": (-2.2, -1.8)},
            "IS": {"old": (0.5, 1.5), "new": (1.5, 2.5)},
        },
    )
    figures = analyse(study, imported, FAST, automatic=automatic)
    own = imported.counted.of_question("quality")
    rate = only(figures, "win_rate", question="quality")
    knowing = only(figures, "agrees", question="quality", model="knows")
    assert (knowing.value, knowing.low) == pytest.approx((rate.value, rate.low))
    assert only(figures, "agrees", question="quality", model="alike").value == 0.5
    assert only(figures, "agrees", question="quality", model="half").answers < rate.answers
    assert only(figures, "agrees", question="quality", model="none").value is None
    assert only(figures, "agrees_pairs", question="quality", model="alike").value == 0.5
    people = only(figures, "people_agree", question="quality", model="knows")
    assert people.value == agreement_with(own, knows, draws=0).people_value
    assert only(figures, "agrees_tau", question="quality", model="knows").value is not None
    said = {f.method: f.value for f in figures.found("direction", question="quality")}
    assert said == {"FD": 1.0, "CLIP": 0.0, "IS": None}
    (alike,) = [f for f in figures.found("direction", question="quality") if f.method == "IS"]
    assert alike.note == "its intervals overlap, people prefer new"


def test_one_file_under_several_names_is_told(tmp_path: Path) -> None:
    study = build(tmp_path / "study", people=2, raters=2)
    (path,) = answered(study, tmp_path / "files", for_model("new"), (0,))
    copy = tmp_path / "copy.csv"
    rows = [line.rsplit(",", 1)[0] for line in path.read_text().splitlines()]
    copy.write_text("\n".join(rows).replace("person-0", "somebody else") + "\n")
    imported = import_answers(study.folder, [path, copy], study.key)
    figures = analyse(study, imported, FAST)
    assert any("gave the same answers in the same seconds" in note for note in figures.notes)


def test_one_slot_under_two_names_is_told_with_its_weight(tmp_path: Path) -> None:
    study = build(tmp_path / "study", people=2, raters=2)
    names = ("anna", "cleo")
    files = answered(study, tmp_path / "files", for_model("new"), names=names)
    files += answered(study, tmp_path / "more", for_model("old"), (0,), ("ben",))
    figures = analyse(study, import_answers(study.folder, files, study.key), FAST)
    told = "slot 1 was answered by anna and ben: each of its pairs counts twice"
    assert [note for note in figures.notes if note.startswith("slot")] == [told]
    assert told in report(study, figures)


def test_contested_and_one_sided_pairs_are_those(tmp_path: Path) -> None:
    study = build(tmp_path / "study", people=4, raters=4)

    def says(item: object, question: str, slot: int) -> str:
        split = int(item.pair) < 2 and item.expected is None  # type: ignore[attr-defined]
        return for_model(("old", "new")[slot % 2] if split else "new")(item, question, slot)  # type: ignore[arg-type]

    figures = analyse(study, took(study, says), FAST)
    assert {(p.pair, p.question) for p in figures.contested} == {
        (pair, question) for pair in ("00", "01") for question in ("prompt", "quality")
    }
    assert all(abs(pair.lead) == 1 for pair in figures.one_sided)
    assert all(set(pair.files) == {"old", "new"} for pair in figures.one_sided)
