"""Reports are replaced whole; what people have put beside a study is not thrown away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.files.manifest import intact
from components.files.new_folder import seal_folder
from components.reporting.occasion import Occasion, Recorded
from components.reporting.publishing import publish_report


def stage(folder: Path, key: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(key)
    seal_folder(folder, {"key": key})
    return folder


def test_answers_to_a_study_of_an_earlier_version_go_aside_with_their_key(tmp_path: Path) -> None:
    target = tmp_path / "reports" / "digits"
    publish_report(stage(tmp_path / "report-1", "r1"), target)
    stage(target / "study", "s1")
    (target / ".keys").write_text(f"r1 {'s1' * 8}")
    (target / "study" / "results").mkdir()
    (target / "study" / "results" / "anna.csv").write_text("her answers")
    for number in (2, 3):
        publish_report(stage(tmp_path / f"report-{number}", f"r{number}"), target)
        assert (target / "index.html").read_text() == f"r{number}"
        assert not (target / "study").exists()
        aside = target / "answers-of-study-s1s1s1s1"
        assert (aside / "results" / "anna.csv").read_text() == "her answers"
        assert (aside / "index.html").read_text() == "s1"


DAMAGE: list[tuple[str, Callable[[Path], object]]] = [
    ("index.html", lambda path: path.write_text("xx")),
    ("index.html", Path.unlink),
    ("manifest.json", Path.unlink),
    (".keys", lambda path: path.write_bytes(b"\xff")),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGE)
def test_a_report_that_was_changed_where_people_read_it_is_put_there_anew(
    tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    report = stage(tmp_path / "report", "r1")
    target = publish_report(report, tmp_path / "reports" / "digits")
    inode = target.stat().st_ino
    publish_report(report, target)
    assert target.stat().st_ino == inode  # nothing was wrong, so nothing was done

    damage(target / name)
    publish_report(report, target)
    assert (target / "index.html").read_text() == "r1"
    assert (target / ".keys").read_text() == "r1"


PAGE = (
    '<a href="../studies/digits/"></a>'
    "<dl><!-- records: --><!-- :records --></dl><p><!-- file: -->FILE<!-- :file --></p>"
)


def test_a_published_page_tells_of_its_run_and_is_checked_as_it_then_is(tmp_path: Path) -> None:
    report = tmp_path / "report"
    report.mkdir()
    (report / "index.html").write_text(PAGE)
    seal_folder(report, {"key": "r1"})
    recorded = Recorded("digits", "#/experiments/1/runs/abc", "http://127.0.0.1:5000")
    told = Occasion("name: digits\n", "experiments/<b>.yaml", "reports/digits", recorded)
    target = publish_report(report, tmp_path / "reports" / "digits", told)
    page = (target / "index.html").read_text()
    assert 'href="http://127.0.0.1:5000/#/experiments/1/runs/abc"' in page
    assert 'href="http://127.0.0.1:5000/#/experiments/1"' in page
    assert "alphabar run experiments/&lt;b&gt;.yaml" in page
    assert "alphabar run reports/digits/experiment.yaml" in page
    assert "FILE" not in page
    assert 'href="../studies/digits/"' in page
    later = publish_report(report, tmp_path / "d-2", replace(told, place="reports/digits-2"))
    assert 'href="../studies/digits-2/"' in (later / "index.html").read_text()
    assert intact(target / "experiment.yaml").read_text() == "name: digits\n"

    inode = target.stat().st_ino
    publish_report(report, target, told)
    assert target.stat().st_ino == inode, "nothing had changed"
    (target / "experiment.yaml").write_text("name: other")
    publish_report(report, target, replace(told, recorded=None))
    assert intact(target / "experiment.yaml").read_text() == "name: digits\n"
    assert "#/experiments" not in (target / "index.html").read_text()
