"""Exclusions are a record beside the answers: nothing is deleted, and all of it can be undone."""

from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.preference.answers.exclusions import (
    FILE,
    exclude,
    read_exclusions,
    take_back,
)
from components.preference.answers.imported import import_answers
from components.preference.design.key import Key
from tests.preference.answers.conftest import NOW, V2, Study


def counts(study: Study) -> tuple[int, int]:
    found = import_answers(study.folder, [], study.key, now=NOW)
    return len(found.choices), len(found.counted)


def test_what_is_excluded_is_kept_and_not_counted_until_it_is_taken_back(
    study: Study, items: list[str], key: Key
) -> None:
    rows = [f"ab12,{item},looks,left,{who},1,1\n" for who in ("Ann", "Bob") for item in items]
    study.takes(V2 + "".join(rows))
    answers = {name: content for name, content in study.files().items() if "answers" in name}
    exclude(study.folder, "annotator", "Bob", "failed 5 of 6 checks", "careless", NOW)
    exclude(study.folder, "annotator", "Bob", "again", "careless", NOW)
    assert counts(study) == (36, 18)
    exclude(study.folder, "item", items[0], "the image was broken", "by hand", NOW)
    assert counts(study) == (36, 17)
    take_back(study.folder, "annotator", "Bob", NOW)
    assert counts(study) == (36, 34)
    take_back(study.folder, "item", items[0], NOW)
    same = [each for each in key.items.values() if each.slot == 0]
    exclude(study.folder, "pair", same[0].pair, "odd prompt", "by hand", NOW)
    left = sum(each.pair != same[0].pair for each in same)
    assert counts(study) == (36, 2 * left)
    told = read_exclusions(study.folder)
    assert [(e.name, e.why, e.rule) for e in told[:2]] == [
        ("Bob", "failed 5 of 6 checks", "careless"),
        (items[0], "the image was broken", "by hand"),
    ]
    assert [e.taken_back for e in told] == [NOW.isoformat(), NOW.isoformat(), None]
    assert answers.items() <= study.files().items()


def test_what_is_not_excluded_cannot_be_taken_back(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="'Ann' is not excluded"):
        take_back(tmp_path, "annotator", "Ann", NOW)
    exclude(tmp_path, "annotator", "Ann", "w", "r", NOW)
    take_back(tmp_path, "annotator", "Ann", NOW)
    with pytest.raises(AlphabarError, match="there is none"):
        take_back(tmp_path, "annotator", "Ann", NOW)


@pytest.mark.parametrize(
    "content",
    [
        "5",
        "[1]",
        '[{"what": "annotator"}]',
        "{",
        '{"a": 1}',
        "{}",
        "null",
        *(
            f'[{{"what": "annotator", "name": "a", "why": "w", "rule": "r", "when": "t", {back}}}]'
            for back in ('"taken_back": false', '"taken_back": ""')
        ),
    ],
)
def test_a_broken_record_is_named_and_nothing_is_counted_wrongly(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(AlphabarError, match=r"exclusions\.json"):
        read_exclusions(tmp_path)


def test_a_link_that_leads_nowhere_does_not_count_everybody(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "gone.json")
    with pytest.raises(AlphabarError, match=r"exclusions\.json does not exist"):
        read_exclusions(tmp_path)
