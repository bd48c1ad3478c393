"""What an analysis writes: whole or not at all, escaped, marked, and a table to train on."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.manifest import damages, intact
from components.files.tables import read_csv
from components.preference.analysis.analysed import analyse
from components.preference.analysis.opened import Study, open_study
from components.preference.analysis.peeks import read_peeks, record_peek
from components.preference.analysis.preferred import Settings
from components.preference.analysis.report import plain, report
from components.preference.analysis.written import Written, decided_question, write_analysis
from components.preference.answers.imported import import_answers
from components.preference.statistics.careless import Verdict, odds_in_words
from components.reporting.study.words import facts
from tests.preference.studies import ID, Says, answered, build, for_model, leaning

FAST = Settings(draws=100)
HOSTILE = ["=1+1", "<script>alert(1)</script>", "ثعلب أحمر", 'a "fox", too', "🦊", "\u202eback"]


def wrote(study: Study, says: Says, *, peek: bool = False, question: str | None = None) -> Written:
    files = answered(study, study.folder.parent / "files", says)
    imported = import_answers(study.folder, files, study.key)
    figures = analyse(study, imported, FAST, peek=peek)
    texts = {"report.md": report(study, figures)}
    return write_analysis(study, imported, figures, texts, question)


def test_decided_pairs_have_winner_weight_and_images(tmp_path: Path) -> None:
    study = build(tmp_path / "study", people=4, raters=4, simulated=True)

    def says(item: object, question: str, slot: int) -> str:
        number = int(item.pair)  # type: ignore[attr-defined]
        if item.expected is not None:  # type: ignore[attr-defined]
            return for_model("new")(item, question, slot)  # type: ignore[arg-type]
        wanted = "old" if question == "prompt" else "new"
        if number == 0:
            return "tie"
        if number == 1:
            wanted = ("old", "new")[slot % 2]
        if number == 2 and slot == 0:
            wanted = "old"
        if number == 3 and slot < 2:
            return "both bad"
        return for_model(wanted)(item, question, slot)  # type: ignore[arg-type]

    done = wrote(study, says)
    assert done.decided == 10
    rows = {r["pair"]: r for r in read_csv(intact(done.folder / "decided" / "decided.csv"))}
    assert sorted(rows) == [f"{number:02d}" for number in range(2, 12)]
    assert (rows["02"]["winner"], rows["02"]["loser"]) == ("new", "old")
    assert (float(rows["02"]["weight"]), rows["02"]["answers"]) == (0.5, "4")
    assert (float(rows["03"]["weight"]), rows["03"]["answers"]) == (1.0, "2")
    assert {row["simulated"] for row in rows.values()} == {"true"}
    assert (rows["05"]["caption"], rows["05"]["class_index"]) == ("a fox 5", "-1")
    images = np.load(intact(done.folder / "decided" / "images.npy"))
    assert (images.shape, images.dtype) == ((20, 4, 4, 3), np.uint8)
    for row in rows.values():
        assert (images[int(row["winner_image"])] == 200).all()
        assert (images[int(row["loser_image"])] == 20).all()
    other = wrote(study, says, question="prompt")
    assert {r["winner"] for r in read_csv(other.folder / "decided" / "decided.csv")} == {"old"}


def test_names_and_prompts_are_text_wherever_they_stand(tmp_path: Path) -> None:
    models = ("=old", "<b>new</b>")
    study = build(tmp_path / "study", models, pairs=12, prompts=HOSTILE * 2, name="| `x` <i>")
    done = wrote(study, leaning("<b>new</b>", 3))
    table = (done.folder / "answers.csv").read_text()
    assert "'=1+1" in table
    assert "'=old" in table
    rows = read_csv(done.folder / "answers.csv")
    assert {row["prompt"] for row in rows} == {"", *HOSTILE}
    assert {row["study"] for row in rows} == {ID}
    text = (done.folder / "report.md").read_text()
    assert "<b>" not in text
    assert "<i>" not in text
    assert "\\| \\`x\\` &lt;i&gt;" in text
    assert plain('the model\'s "own" & <b>') == 'the model\'s "own" &amp; &lt;b&gt;'


def test_a_simulated_study_is_marked_in_every_file(tmp_path: Path) -> None:
    study = build(tmp_path / "study", simulated=True)
    done = wrote(study, leaning("new", 3))
    assert json.loads((done.folder / "figures.json").read_text())["simulated"] is True
    for name in ("answers.csv", "figures.csv", "decided/decided.csv"):
        assert {row["simulated"] for row in read_csv(done.folder / name)} == {"true"}, name
    assert "Simulated: no person answered" in (done.folder / "report.md").read_text()


def test_long_form_says_what_each_answer_was_about_and_whether_it_counts(tmp_path: Path) -> None:
    study = build(tmp_path / "study", kind="realism", pairs=12)
    done = wrote(study, lambda item, *_: "real")
    assert done.decided is None
    rows = read_csv(done.folder / "answers.csv")
    assert {row["answer"] for row in rows} == {"real"}
    assert {row["expected"] for row in rows} == {"", "generated"}
    assert {row["repeat"] for row in rows} == {"true", "false"}
    assert {row["counted"] for row in rows} == {"true"}
    assert len(rows) == len(study.key.items)


def test_before_its_end_a_study_decides_no_pairs(tmp_path: Path) -> None:
    study = build(tmp_path / "study")
    files = answered(study, tmp_path / "files", for_model("new"), (0, 1))
    imported = import_answers(study.folder, files, study.key)
    done = write_analysis(study, imported, analyse(study, imported, FAST), {})
    assert (done.decided, (done.folder / "decided").exists()) == (None, False)
    peeked = analyse(study, imported, FAST, peek=True)
    done = write_analysis(study, imported, peeked, {})
    assert (done.decided, done.why) == (None, "its planned answers are not all there")
    assert not (done.folder / "decided").exists()


def test_early_looks_are_kept_and_told_ever_after(tmp_path: Path) -> None:
    study = build(tmp_path / "study")
    files = answered(study, tmp_path / "files", for_model("new"), (0, 1))
    imported = import_answers(study.folder, files, study.key)
    first = analyse(study, imported, FAST)
    assert "looked at before the planned end: never" in report(study, first)
    came = first.progress.came["quality"]
    for day in (4, 5):
        record_peek(study.folder, first.progress, datetime(2026, 5, day, 12, tzinfo=UTC))
    imported = import_answers(
        study.folder, answered(study, tmp_path / "files", for_model("new"), (2, 3)), study.key
    )
    last = analyse(study, imported, FAST)
    assert last.progress.finished
    told = f"2 times (2026-05-04T12:00:00+00:00 at {came} answers; 2026-05-05"
    assert told in report(study, last)
    assert told in dict(facts(last))["looked at before the planned end"]
    record_peek(study.folder, last.progress, datetime(2026, 5, 6, tzinfo=UTC))
    assert len(read_peeks(study.folder)) == 2
    (study.folder / "peeks.json").write_text('[{"when": 3}]')
    with pytest.raises(AlphabarError, match=r"peeks.json is no list of looks"):
        read_peeks(study.folder)


def test_a_damaged_image_leaves_the_last_analysis_as_it_was(tmp_path: Path) -> None:
    study = build(tmp_path / "study")
    done = wrote(study, for_model("new"))
    before = (done.folder / "figures.json").read_bytes()
    assert list(damages(done.folder)) == []
    next((study.folder / "images").iterdir()).write_bytes(b"no image")
    with pytest.raises(AlphabarError, match="is damaged"):
        wrote(study, for_model("new"))
    assert (done.folder / "figures.json").read_bytes() == before
    assert [p.name for p in study.folder.iterdir() if p.name.startswith(".")] == []


def test_why_somebody_is_flagged_is_said_in_words() -> None:
    counts = ((6, 12), (0, 0), (0, 0), (48, 48))
    flagged = Verdict("ann", True, 24.8, 4.0, 0.01, 0.9, counts, True)
    assert flagged.reason == (
        "attention checks failed 6 of 12, too quick (below 1 s) 48 of 48: more than a million "
        "times likelier from random clicks than from care"
    )
    assert odds_in_words(np.log(20)).startswith("about 20 times likelier from random clicks")
    assert odds_in_words(-np.log(2)) == "about 2.0 times likelier from care than from random clicks"


def test_quality_decides_or_the_only_question_or_the_named_one(tmp_path: Path) -> None:
    about = build(tmp_path / "study").about
    assert decided_question(about) == "quality"
    assert decided_question(about, "prompt") == "prompt"
    with pytest.raises(AlphabarError, match="does not ask `taste`"):
        decided_question(about, "taste")


def test_a_study_of_before_can_still_be_analysed(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    rows = [
        f"ab-{k:04d},{'baseline,finetuned' if k % 2 else 'finetuned,baseline'}" for k in range(9)
    ]
    (folder / "key.csv").write_text("\n".join(["pair,left,right", *rows]) + "\n")
    files = []
    for name in ("ann", "ben", "cleo"):
        said = [f"ab-{k:04d},{'right' if k % 2 else 'left'},{name},2.5" for k in range(9)]
        said[ord(name[0]) - 97] = f"ab-{ord(name[0]) - 97:04d},none,{name},2.5"
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(["pair,choice,annotator,seconds", *said]) + "\n")
        files.append(path)
    study = open_study(folder)
    imported = import_answers(folder, files, study.key)
    figures = analyse(study, imported, FAST)
    (rate,) = figures.found("win_rate", view="counted")
    assert (rate.model, rate.value, rate.answers) == ("finetuned", 1.0, 24)
    done = write_analysis(study, imported, figures, {})
    assert (done.decided, done.why) == (None, "its key names no images")
