"""Kept files: one that is lost is named, and what somebody gave is nobody's to forget."""

import hashlib

from components.preference.answers.imported import import_answers
from components.preference.answers.kept_files import SERVED, kept_files, superseded
from tests.preference.answers.conftest import NOW, V2, Study


def row(item: str, answer: str = "left") -> str:
    return f"ab12,{item},looks,{answer},Ann,2,1\n"


def told(study: Study) -> list[tuple[str, str, str]]:
    found = import_answers(study.folder, [], study.key, now=NOW)
    return [(each.where.file, each.where.place, each.reason) for each in found.refused]


def test_a_kept_file_that_is_lost_is_named_until_it_is_imported_again(
    study: Study, items: list[str]
) -> None:
    content = V2 + row(items[0])
    study.takes(content)
    (study.folder / "answers" / hashlib.sha256(content.encode()).hexdigest()).unlink()
    reason = "it was kept and is gone from answers/: import it again"
    assert told(study) == [("answers.csv", "file", reason)]
    again = study.takes(content)
    assert (len(again.kept), again.new, told(study)) == (1, 1, [])


def test_a_file_that_nothing_is_said_of_is_named(study: Study, items: list[str]) -> None:
    content = V2 + row(items[0])
    study.takes(content)
    digest = hashlib.sha256(content.encode()).hexdigest()
    (study.folder / "answers" / "about" / f"{digest}.json").unlink()
    (study.folder / "answers" / "refused.csv").write_text("file,place,reason\n")
    assert [(file, place) for file, place, _ in told(study)] == [(digest, "file")]


def test_a_file_without_answers_is_named(study: Study) -> None:
    assert [each.reason for each in study.takes(V2).refused] == ["it has no answers"]
    assert [each.reason for each in study.takes("[]").refused] == ["it has no answers"]
    assert kept_files(study.folder) == []


def test_a_record_supersedes_its_own_files_alone(study: Study, items: list[str]) -> None:
    name = "served-01.csv"
    own = study.takes(V2 + row(items[0]), name)
    study.takes(V2 + row(items[1]), name, source=SERVED)
    study.takes(V2 + row(items[0]), name, source=SERVED)  # it stays the giver's
    superseded(study.folder, name, b"")
    left = import_answers(study.folder, [], study.key, now=NOW)
    assert (left.kept, left.refused) == (own.kept, ())


def test_a_record_s_file_that_somebody_gives_becomes_theirs(study: Study, items: list[str]) -> None:
    study.takes(V2 + row(items[0]), source=SERVED)
    study.takes(V2 + row(items[0]))
    superseded(study.folder, "answers.csv", b"")
    assert [about.source for _, about in kept_files(study.folder)] == [""]
