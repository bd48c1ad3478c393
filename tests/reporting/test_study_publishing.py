"""A study is put where people answer it, and what people have put there is never lost."""

import json
import sqlite3
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.lock import locked_folder
from components.files.manifest import intact
from components.files.new_folder import seal_folder
from components.files.verification import verify
from components.reporting.study_publishing import SERVED, publish_answers, publish_study


def published(folder: Path, study: str, page: str = "page", **more: str) -> Path:
    """What the stage leaves in the store."""
    (folder / "images").mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps({"study": study}))
    (folder / "key.json").write_text(json.dumps({"study": study}))
    (folder / "annotator-01.html").write_text(page)
    (folder / "images" / "ab.png").write_text(study)
    for name, text in more.items():
        (folder / f"{name}.csv").write_text(text)
    seal_folder(folder, {"stage": "study", "key": f"{study}{page}"})
    return folder


ONE, OTHER = "0123456789ab", "ba9876543210"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "reports" / "studies" / "digits"


def answered(target: Path) -> dict[str, str]:
    """People's files; the database is open, as while it is served."""
    (target / "answers" / "about").mkdir(parents=True)
    (target / "answers" / "about" / "x.json").write_text("{}")
    (target / "answers" / "x").write_text("her answers")
    (target / "links.json").write_text("links")
    (target / "exclusions.json").write_text("[]")
    names = ("answers/about/x.json", "answers/x", "links.json", "exclusions.json")
    return {name: (target / name).read_text() for name in names}


def kept(folder: Path, files: dict[str, str]) -> bool:
    return all((folder / name).read_text() == text for name, text in files.items())


def test_a_new_study_is_copied_whole(tmp_path: Path, target: Path) -> None:
    assert publish_study(published(tmp_path / "one", ONE), target) == target
    assert intact(target / "images" / "ab.png").read_text() == ONE


def test_the_same_study_again_touches_nothing(tmp_path: Path, target: Path) -> None:
    study = published(tmp_path / "one", ONE)
    publish_study(study, target)
    files = answered(target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    publish_study(study, target)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before
    assert kept(target, files)


def test_new_pages_of_the_same_study_are_put_beside_its_answers(
    tmp_path: Path, target: Path
) -> None:
    publish_study(published(tmp_path / "one", ONE, gone="x"), target)
    files = answered(target)
    served = sqlite3.connect(target / "served.sqlite")
    served.execute("create table answers (text)")
    publish_study(published(tmp_path / "two", ONE, "new page", more="y"), target)
    assert (target / "annotator-01.html").read_text() == "new page"
    assert (target / "more.csv").is_file()
    assert not (target / "gone.csv").exists()
    assert kept(target, files)
    # who serves it goes on writing into the same file
    served.execute("insert into answers values ('after')")
    served.commit()
    served.close()
    again = sqlite3.connect(target / "served.sqlite")
    assert again.execute("select text from answers").fetchall() == [("after",)]
    again.close()
    assert verify([target], lambda *_: None).damage == ()


@pytest.mark.parametrize(
    "name", ["annotator-01.html", "manifest.json", "study.json", "images/ab.png"]
)
def test_what_was_damaged_is_put_anew(tmp_path: Path, target: Path, name: str) -> None:
    study = published(tmp_path / "one", ONE)
    publish_study(study, target)
    files = answered(target)
    for damage in (lambda path: path.write_text("xx"), Path.unlink):
        damage(target / name)
        publish_study(study, target)
        assert (target / name).read_bytes() == (study / name).read_bytes()
        assert kept(target, files)


def test_another_study_puts_one_with_answers_aside_whole(tmp_path: Path, target: Path) -> None:
    publish_study(published(tmp_path / "one", ONE), target)
    files = answered(target)
    publish_study(published(tmp_path / "two", OTHER), target)
    aside = target.with_name("digits-01234567")
    assert kept(aside, files)
    assert json.loads(intact(aside / "key.json").read_text())["study"] == ONE
    assert not (target / "answers").exists()
    # and again, to a place of its own
    answered(target)
    publish_study(published(tmp_path / "three", ONE), target)
    answered(target)
    publish_study(published(tmp_path / "four", OTHER), target)
    names = {path.name for path in target.parent.iterdir() if not path.name.startswith(".")}
    assert names == {"digits", "digits-01234567", "digits-01234567-2", "digits-ba987654"}


def test_another_study_replaces_one_that_nobody_has_to_do_with(
    tmp_path: Path, target: Path
) -> None:
    publish_study(published(tmp_path / "one", ONE), target)
    publish_study(published(tmp_path / "two", OTHER), target)
    assert [path.name for path in target.parent.glob("[!.]*")] == ["digits"]


def test_what_no_run_published_goes_aside(tmp_path: Path, target: Path) -> None:
    target.mkdir(parents=True)
    (target / "notes.txt").write_text("mine")
    publish_study(published(tmp_path / "one", ONE), target)
    assert (target.with_name("digits-unknown") / "notes.txt").read_text() == "mine"


def test_a_damaged_study_is_not_published(tmp_path: Path, target: Path) -> None:
    study = published(tmp_path / "one", ONE)
    (study / "annotator-01.html").write_text("xx")
    with pytest.raises(AlphabarError, match="is damaged"):
        publish_study(study, target)
    assert not target.exists()


def test_the_remedy_for_a_damaged_study_keeps_answers(tmp_path: Path, target: Path) -> None:
    publish_study(published(tmp_path / "one", ONE), target)
    (target / "annotator-01.html").write_text("xx")
    with pytest.raises(AlphabarError) as caught:
        intact(target / "annotator-01.html")
    assert "answers stay where they are" in caught.value.remedy
    assert "delete" not in caught.value.remedy


def simulated(folder: Path, text: str) -> Path:
    """What the stage `answers` leaves in the store."""
    (folder / "answers" / "about").mkdir(parents=True)
    (folder / "answers" / text).write_text(text)
    (folder / "answers" / "about" / f"{text}.json").write_text("{}")
    seal_folder(folder, {"stage": "answers", "key": text})
    return folder


def test_other_simulated_answers_take_the_place_of_those_before_with_what_was_analysed(
    tmp_path: Path, target: Path
) -> None:
    study = published(tmp_path / "one", ONE)
    publish_study(study, target)
    first = simulated(tmp_path / "first", "aa")
    assert publish_answers(first, study, target)
    (target / "analysis").mkdir()
    assert not publish_answers(first, study, target)
    assert (target / "analysis").is_dir()
    assert publish_answers(simulated(tmp_path / "second", "bb"), study, target)
    assert [path.name for path in (target / "answers").glob("[!.]?")] == ["bb"]
    assert not (target / "analysis").exists()
    assert [path.name for path in target.parent.glob("[!.]*")] == ["digits"]


def test_answers_that_no_run_has_put_there_go_aside_with_their_study(
    tmp_path: Path, target: Path
) -> None:
    study = published(tmp_path / "one", ONE)
    publish_study(study, target)
    publish_answers(simulated(tmp_path / "first", "aa"), study, target)
    (target / "answers" / "hers").write_text("a person's")
    publish_answers(simulated(tmp_path / "second", "bb"), study, target)
    aside = target.with_name("digits-01234567")
    assert (aside / "answers" / "hers").read_text() == "a person's"
    assert not (target / "answers" / "hers").exists()
    assert (target / "answers" / "bb").is_file()


def test_a_study_is_not_moved_away_under_its_server(tmp_path: Path, target: Path) -> None:
    publish_study(published(tmp_path / "one", ONE), target)
    answered(target)
    other = published(tmp_path / "two", OTHER)
    with (
        locked_folder(target / SERVED, wait=False),
        pytest.raises(AlphabarError, match="is being served") as caught,
    ):
        publish_study(other, target)
    assert "stop `alphabar study serve` first" in caught.value.remedy
    publish_study(other, target)
    assert target.with_name("digits-01234567").is_dir()
