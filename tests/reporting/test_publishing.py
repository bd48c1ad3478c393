"""Reports are replaced whole; what people have put beside a study is not thrown away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.manifest import intact
from components.files.new_folder import seal_folder
from components.reporting.occasion import Occasion, Recorded
from components.reporting.publishing import publish_report


def stage(folder: Path, key: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(key)
    seal_folder(folder, {"key": key})
    return folder


def test_answers_stay_with_their_study_and_go_aside_when_it_changes(tmp_path: Path) -> None:
    study = stage(tmp_path / "study-1", "s1" * 4)
    target = tmp_path / "reports" / "digits"
    publish_report(stage(tmp_path / "report-1", "r1"), study, target)
    (target / "study" / "results").mkdir()
    (target / "study" / "results" / "anna.csv").write_text("her answers")

    publish_report(stage(tmp_path / "report-2", "r2"), study, target)
    assert (target / "index.html").read_text() == "r2"
    assert (target / "study" / "results" / "anna.csv").read_text() == "her answers"

    publish_report(stage(tmp_path / "report-3", "r3"), stage(tmp_path / "s2", "s2" * 4), target)
    assert not (target / "study" / "results").exists()
    assert (target / "answers-of-study-s1s1s1s1" / "anna.csv").read_text() == "her answers"

    publish_report(stage(tmp_path / "report-4", "r4"), None, target)
    assert not (target / "study").exists()
    assert (target / "answers-of-study-s1s1s1s1" / "anna.csv").read_text() == "her answers"


DAMAGE: list[tuple[str, Callable[[Path], object]]] = [
    ("index.html", lambda path: path.write_text("xx")),
    ("index.html", Path.unlink),
    ("manifest.json", Path.unlink),
    ("study/index.html", Path.unlink),
    ("study/manifest.json", lambda path: path.write_text("{}")),
    (".keys", lambda path: path.write_bytes(b"\xff")),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGE)
def test_a_report_that_was_changed_where_people_read_it_is_put_there_anew(
    tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    report, study = stage(tmp_path / "report", "r1"), stage(tmp_path / "study", "s1")
    target = publish_report(report, study, tmp_path / "reports" / "digits")
    (target / "study" / "results").mkdir()
    (target / "study" / "results" / "anna.csv").write_text("her answers")
    inode = target.stat().st_ino
    publish_report(report, study, target)
    assert target.stat().st_ino == inode  # nothing was wrong, so nothing was done

    damage(target / name)
    publish_report(report, study, target)
    assert (target / "index.html").read_text() == "r1"
    assert (target / "study" / "index.html").read_text() == "s1"
    assert [p.read_text() for p in target.rglob("anna.csv")] == ["her answers"]
    assert (target / ".keys").read_text() == "r1 s1"


def test_the_remedy_for_a_damaged_copy_of_a_study_is_true(tmp_path: Path) -> None:
    report, study = stage(tmp_path / "report", "r1"), stage(tmp_path / "study", "s1")
    target = publish_report(report, study, tmp_path / "reports" / "digits")
    (target / "study" / "index.html").write_text("xx")
    with pytest.raises(AlphabarError) as caught:
        intact(target / "study" / "index.html")
    assert caught.value.remedy.startswith("run the experiment again")
    publish_report(report, study, target)
    intact(target / "study" / "index.html")


PAGE = "<dl><!-- records: --><!-- :records --></dl><p><!-- file: -->FILE<!-- :file --></p>"


def test_a_published_page_tells_of_its_run_and_is_checked_as_it_then_is(tmp_path: Path) -> None:
    report = tmp_path / "report"
    report.mkdir()
    (report / "index.html").write_text(PAGE)
    seal_folder(report, {"key": "r1"})
    recorded = Recorded("digits", "#/experiments/1/runs/abc", "http://127.0.0.1:5000")
    told = Occasion("name: digits\n", "experiments/<b>.yaml", "reports/digits", recorded)
    target = publish_report(report, None, tmp_path / "reports" / "digits", told)
    page = (target / "index.html").read_text()
    assert 'href="http://127.0.0.1:5000/#/experiments/1/runs/abc"' in page
    assert 'href="http://127.0.0.1:5000/#/experiments/1"' in page
    assert "alphabar run experiments/&lt;b&gt;.yaml" in page
    assert "alphabar run reports/digits/experiment.yaml" in page
    assert "FILE" not in page
    assert intact(target / "experiment.yaml").read_text() == "name: digits\n"

    inode = target.stat().st_ino
    publish_report(report, None, target, told)
    assert target.stat().st_ino == inode, "nothing had changed"
    (target / "experiment.yaml").write_text("name: other")
    publish_report(report, None, target, replace(told, recorded=None))
    assert intact(target / "experiment.yaml").read_text() == "name: digits\n"
    assert "#/experiments" not in (target / "index.html").read_text()
