"""Reports are replaced whole; what people have put beside a study is not thrown away."""

import json
from pathlib import Path

from flows.publishing import publish_report


def stage(folder: Path, key: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"key": key}))
    (folder / "index.html").write_text(key)
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
