"""Answers come in from every kind of file; what cannot be taken is named, and the rest is kept."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.files.tables import csv_lines
from components.preference.answers.imported import Imported, import_answers
from components.preference.answers.row import SIGNED, row_digest
from components.preference.design.design import draw_design
from components.preference.design.key import GENERATED, Key, key_of, read_pairs_key
from components.preference.design.size import NOISE, REAL, Size
from components.preference.statistics.choices import Outcome
from components.preference.statistics.win_rate import win_rate
from tests.preference.answers.conftest import NOW, V2, Study, reasons


def line(item: str, answer: str = "left", who: str = "Ann", place: int = 1, **more: str) -> str:
    texts = {"study": "ab12", "question": "looks", "seconds": "2.5"} | more
    cells = (texts["study"], item, texts["question"], answer, who, texts["seconds"], place)
    return next(iter(csv_lines([cells])))


def of_task(item: str, answer: str = "left", who: Any = 7, **more: Any) -> dict[str, Any]:
    """A task of Label Studio's export with one annotation of both questions."""
    chosen = [
        {"from_name": q, "to_name": "a", "type": "choices", "value": {"choices": [answer]}}
        for q in ("words", "looks")
    ]
    annotation = {"completed_by": who, "result": chosen, "lead_time": 3.25} | more
    return {"id": 31, "data": {"study": "ab12", "item": item}, "annotations": [annotation]}


def test_a_whole_slot_becomes_choices_with_repeats_and_checks(
    study: Study, items: list[str], key: Key
) -> None:
    found = study.takes(V2 + "".join(line(it, place=i) for i, it in enumerate(items)))
    assert (found.refused, found.twice, found.new) == ((), 0, 1)
    assert len(found.kept) == len(items) == 18
    assert found.kept[3].order == 3
    choices = found.choices
    assert (int(choices.repeat.sum()), int(choices.attention.sum())) == (6, 6)
    assert choices.models == ("new", "old")
    for row, pair, side in zip(
        [key.items[it] for it in items if key.items[it].kind == "shown"],
        choices.shown().pair,
        choices.shown().left,
        strict=True,
    ):
        assert (row.pair, row.left) == (choices.pairs[pair], choices.models[side])
    assert win_rate(choices, 0, 1).wins + win_rate(choices, 0, 1).losses == 6


def test_a_repeat_that_came_before_its_first_showing_is_still_the_repeat(
    study: Study, items: list[str]
) -> None:
    rows = [line(it, place=99 - i) for i, it in enumerate(items)]
    assert len(study.takes(V2 + "".join(reversed(rows))).choices) == 18


HOSTILE = [
    ({"study": "ffff"}, "another study, 'ffff'"),
    ({"item": "nobody"}, "'nobody' is not in the key"),
    ({"item": "../../key.json"}, "is not in the key"),
    ({"question": "taste"}, "'taste' is not asked"),
    ({"answer": "both"}, "'both' is none of left"),
    ({"answer": ""}, "'' is none of left"),
    ({"who": " "}, "no annotator's name"),
    ({"who": "../etc/passwd"}, "looks like a path"),
    ({"who": "C:\\Ann"}, "looks like a path"),
    ({"who": "A" * 101}, "too long"),
    ({"who": "A\tb"}, "U+0009"),
    ({"who": "A\u0085b"}, "U+0085"),
    ({"seconds": "NaN"}, "nobody answers in 'NaN' seconds"),
    ({"seconds": "inf"}, "nobody answers in 'inf' seconds"),
    ({"seconds": "1e999"}, "nobody answers in"),
    ({"seconds": "soon"}, "no number"),
    ({"seconds": "86401"}, "more than a day"),
    ({"place": "1.5"}, "no whole number"),
    ({"place": "9" * 5000}, "no whole number"),
]


@pytest.mark.parametrize(("change", "fault"), HOSTILE)
def test_a_row_that_makes_no_sense_is_refused_by_its_line_and_the_rest_is_kept(
    study: Study, items: list[str], change: dict[str, Any], fault: str
) -> None:
    wrong = line(**({"item": items[1]} | change))
    found = study.takes(V2 + line(items[0]) + wrong + line(items[2]))
    assert [row.item for row in found.kept] == [items[0], items[2]]
    assert list(reasons(found)) == ["line 3"]
    assert fault in reasons(found)["line 3"]
    assert len(reasons(found)["line 3"]) < 300
    assert found.refused[0].where.file == "answers.csv"


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("ab12,ITEM,looks,left,=cmd(),1,1", "`annotator` begins as a formula does: '=cmd()'"),
        ("ab12,ITEM,looks,left,+Ann,1,1", "begins as a formula"),
        ("ab12,ITEM,looks,left,-Ann,1,1", "begins as a formula"),
        ("ab12,ITEM,looks,left,@Ann,1,1", "begins as a formula"),
        ("ab12,=ITEM,looks,left,Ann,1,1", "`item` begins as a formula"),
        ("ab12,ITEM,looks,left,Ann,-1,1", "nobody answers in '-1' seconds"),
        ("ab12,ITEM,looks,left,Ann,=1+1,1", "no number"),
        ("ab12,ITEM,looks,left,An\rn,1,1", "bare carriage return"),
        ('ab12,ITEM,looks,left,"An\rn",1,1', "bare carriage return"),
        ('ab12,ITEM,looks,left,"An\nn",1,1', "U+000A"),
        ("ab12,ITEM,looks,left,An\0n,1,1", "NUL"),
        (f"ab12,ITEM,looks,left,{'A' * 2**20},1,1", "field larger than"),
        ('ab12,ITEM,looks,left,"Ann,1,1', "no CSV"),
        ("ab12,ITEM,looks,left,Ann,1", "6 cells, the header 7"),
        ("ab12,ITEM,looks,left,Ann,1,1,1", "8 cells, the header 7"),
        ("ab12,ITEM,looks,left,A\udcffnn,1,1", "U+DCFF"),  # a byte that is not UTF-8
    ],
)
def test_a_broken_line_is_refused_and_the_rest_is_kept(
    study: Study, items: list[str], raw: str, fault: str
) -> None:
    text = V2 + line(items[0]) + raw.replace("ITEM", items[1]) + "\n" + line(items[2])
    found = study.takes(text.encode(errors="surrogateescape"))
    assert [row.item for row in found.kept] == [items[0], items[2]]
    assert fault in reasons(found)["line 3"]


def test_a_name_that_the_page_made_neutral_is_the_name(study: Study, items: list[str]) -> None:
    found = study.takes(V2 + line(items[0], who="@ann") + line(items[1], who=" Zoë "))
    assert [row.annotator for row in found.kept] == ["@ann", "Zoë"]
    assert "'@ann" in line(items[0], who="@ann")


def test_the_same_answer_twice_counts_once_and_contradictions_not_at_all(
    study: Study, items: list[str]
) -> None:
    rows = [line(items[0]), line(items[0], seconds="9"), line(items[1]), line(items[1], "right")]
    found = study.takes(V2 + "".join([*rows, line(items[1], who="Bob")]))
    assert [(row.item, row.annotator, row.seconds) for row in found.kept] == [
        (items[0], "Ann", 2.5),
        (items[1], "Bob", 2.5),
    ]
    assert found.twice == 1
    assert sorted(reasons(found)) == ["line 4", "line 5"]
    assert "unlike answers" in reasons(found)["line 4"]


def test_a_contradiction_in_a_second_file_is_found_and_the_answer_is_taken_no_more(
    study: Study, items: list[str]
) -> None:
    assert len(study.takes(V2 + line(items[0]) + line(items[1])).kept) == 2
    found = study.takes(V2 + line(items[0], "right") + line(items[2]), "second.csv")
    assert [row.item for row in found.kept] == [items[1], items[2]]
    assert {each.where.file for each in found.refused} == {"answers.csv", "second.csv"}


def test_who_answers_two_slots_is_asked_about_a_pair_once(study: Study, key: Key) -> None:
    shown: dict[str, list[str]] = {}
    for name, item in key.items.items():
        if item.kind == "shown":
            shown.setdefault(item.pair, []).append(name)
    first, second = next(iter(shown.values()))
    found = study.takes(V2 + line(first) + line(second))
    assert [row.item for row in found.kept] == [first]
    assert "answered this pair already" in reasons(found)["line 3"]
    assert len(found.choices) == 1


def test_importing_again_changes_nothing_and_raw_files_stay_as_they_came(
    study: Study, items: list[str]
) -> None:
    content = "\ufeff" + V2.replace("\n", "\r\n") + line(items[0])
    first = study.takes(content)
    files = study.files()
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert files[f"answers/{digest}"] == content.encode()
    again = study.takes(content, "other name.csv")
    assert (first.new, again.new) == (1, 0)
    assert (again.kept, again.refused, again.twice) == (first.kept, first.refused, 0)
    assert study.files() == files


def test_a_kept_file_that_was_edited_is_refused(study: Study, items: list[str]) -> None:
    study.takes(V2 + line(items[0]))
    study.takes(V2 + line(items[1]), "second.csv")
    path = study.folder / "answers" / hashlib.sha256((V2 + line(items[0])).encode()).hexdigest()
    path.write_text(path.read_text().replace("left", "right"))
    found = import_answers(study.folder, [], study.key, now=NOW)
    assert [row.item for row in found.kept] == [items[1]]
    assert "its digest does not fit" in reasons(found)["file"]


def test_a_row_that_was_edited_is_refused_by_its_digest(study: Study, items: list[str]) -> None:
    rows = []
    for place, item in enumerate(items[:3]):
        cells = ["ab12", item, "looks", "left", "@ann", "2.5", str(place)]
        rows.append([*cells, row_digest(cells)])
    rows[1][3] = "right"
    found = study.takes("".join(csv_lines([[*SIGNED, "digest"], *rows])))
    assert [row.item for row in found.kept] == [items[0], items[2]]
    assert "changed after it was written" in reasons(found)["line 3"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"\xff\xfea\0", "UTF-16"),
        (b"a,b\n1,2\n", "no known table of answers"),
        (b"pair,choice,annotator,annotator,seconds\n", "one name"),
        (V2.replace("\n", "\r").encode() + b"x", "bare carriage return"),
        (b"[" * 100_000, "nested more than 64 deep"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested more than 64 deep"),
        (b"[1e999]", "no finite number"),
        (b"{", "Expecting property name"),
        (b"\x89PNG\r\n\x1a\n\0\0", "NUL|bare|no known table"),
    ],
)
def test_a_file_that_is_none_of_answers_is_refused_and_not_kept(
    study: Study, content: bytes, fault: str
) -> None:
    found = study.takes(content)
    assert found.kept == ()
    assert any(each in reasons(found)["file"] for each in fault.split("|"))
    assert study.files() == {}


def test_a_missing_file_and_a_pipe_are_refused(study: Study, tmp_path: Path) -> None:
    found = import_answers(study.folder, [tmp_path / "no.csv", tmp_path], study.key, now=NOW)
    assert [each.where.file for each in found.refused] == ["no.csv", tmp_path.name]
    assert len(found.choices) == 0


def test_the_page_s_first_format_is_read_with_its_own_key(study: Study, tmp_path: Path) -> None:
    (tmp_path / "key.csv").write_text(
        "pair,left,right\nab12-0001,baseline,finetuned\nab12-0002,finetuned,baseline\n"
    )
    study.key = read_pairs_key(tmp_path / "key.csv")
    rows = "ab12-0001,right,Ann,1.5\nab12-0002,none,Ann,2.0\ncd34-0001,left,Ann,1\n"
    found = study.takes("pair,choice,annotator,seconds\n" + rows)
    assert [(row.answer, row.question) for row in found.kept] == [
        (Outcome.RIGHT, "preference"),
        (Outcome.TIE, "preference"),
    ]
    assert "another study, 'cd34'" in reasons(found)["line 4"]
    rate = win_rate(found.choices, found.choices.model("finetuned"), 0)
    assert (rate.wins, rate.losses, rate.ties) == (1, 0, 1)


def test_of_single_images_the_rate_is_how_often_a_model_s_are_called_real(study: Study) -> None:
    design = draw_design(Size(("new",), 20, 5, 2, kind="realism"), 1)
    study.key = key_of(design, "ab12", ("looks",))
    fooled = {"new": "real", REAL: "real", NOISE: "generated"}
    rows = [line(row.item, fooled[row.left], f"p{row.slot}", row.place) for row in design.rows]
    found = study.takes(V2 + "".join([*rows, line(design.rows[0].item, "left", "Eve")]))
    assert "'left' is none of real, generated" in reasons(found)[f"line {len(rows) + 2}"]
    choices = found.choices
    rate = win_rate(choices, choices.model("new"), choices.model(GENERATED))
    assert (rate.wins, rate.losses) == (20, 0)
    checks = choices.where(choices.attention)
    assert len(checks) == 30
    assert (checks.outcome == checks.expected).all()


def test_label_studio_s_export_is_read(study: Study, items: list[str]) -> None:
    tasks = [of_task(items[0], "Both bad"), of_task(items[1], who={"email": "a@b.org", "id": 3})]
    found = study.takes(json.dumps(tasks), "export.json")
    assert found.refused == ()
    assert [(r.question, r.answer, r.annotator, r.seconds) for r in found.kept] == [
        ("words", Outcome.BOTH_BAD, "7", 3.25),
        ("looks", Outcome.BOTH_BAD, "7", 3.25),
        ("words", Outcome.LEFT, "a@b.org", 3.25),
        ("looks", Outcome.LEFT, "a@b.org", 3.25),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"lead_time": math.nan}, "nobody answers in 'nan'"),
        ({"lead_time": -1}, "nobody answers in '-1'"),
        ({"lead_time": "1"}, "is no number"),
        ({"created_at": "2027-01-01T00:00:00Z"}, "in the future"),
        ({"created_at": "9999-12-31T23:59:59-23:59"}, "in the future"),
        ({"created_at": "yesterday"}, "the time 'yesterday' is none"),
        ({"created_at": 5}, "is no text"),
        ({"was_cancelled": True}, "skipped"),
        ({"result": []}, "answers no question"),
        ({"result": [{"value": {"choices": ["left", "right"]}}]}, "not one choice"),
        ({"result": [{"value": 3}]}, "is no object"),
        ({"who": "=cmd()"}, "begins as a formula"),
        ({"who": "N" * 2**20}, "too long"),
        ({"who": "a/../b"}, "looks like a path"),
        ({"who": "a\0b"}, "U+0000"),
        ({"who": None}, "does not say who"),
        ({"item": ["x"]}, "is no text"),
        ({"item": "nobody"}, "not in the key"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused_and_the_rest_is_kept(
    study: Study, items: list[str], change: dict[str, Any], fault: str
) -> None:
    wrong = of_task(**({"item": items[0]} | change))
    tasks = [wrong, of_task(items[1]), 5, {"data": {}}]
    found = study.takes(json.dumps(tasks), "export.json")
    assert {row.item for row in found.kept} == {items[1]}
    assert fault in reasons(found)["task 31"]
    assert len(reasons(found)["task 31"]) < 300
    assert "no object" in reasons(found)["task 3"]
    assert "no annotations" in reasons(found)["task 4"]


def mturk(study: Study, *rows: dict[str, str]) -> Imported:
    titles = list(dict.fromkeys(title for row in rows for title in row))
    lines = csv_lines([titles, *([row.get(title, "") for title in titles] for row in rows)])
    return study.takes("".join(lines), "batch.csv")


def test_mturk_s_batch_is_read_in_all_its_shapes(study: Study, items: list[str]) -> None:
    task = {"Input.study": "ab12", "WorkTimeInSeconds": "31", "AssignmentStatus": "Approved"}
    form = '[{"words":{"left":false,"tie":true},"looks":"right"}]'
    found = mturk(
        study,
        task | {"WorkerId": "A1", "Input.item": items[0], "Answer.looks": "left"},
        task | {"WorkerId": "A2", "Input.item": items[0], "Answer.looks.right": "true"},
        task | {"WorkerId": "A3", "Input.item": items[0], "Answer.taskAnswers": form},
        task | {"WorkerId": "A4", "Input.item": items[0], "Answer.taskAnswers": "[" * 99},
        task | {"WorkerId": "A5", "Input.item": items[0]},
        task | {"WorkerId": "A6", "Input.item": items[0], "AssignmentStatus": "Rejected"},
        task
        | {"WorkerId": "A7", "Input.item": items[0], "Answer.looks": "left"}
        | {"SubmitTime": "Mon May 04 05:00:00 PDT 2026"},
        task
        | {"WorkerId": "A8", "Input.item": items[0], "Answer.looks": "left"}
        | {"SubmitTime": "Tue Jun 02 05:00:00 PDT 2026"},
    )
    assert [(row.annotator, row.question, row.answer.name) for row in found.kept] == [
        ("A1", "looks", "LEFT"),
        ("A2", "looks", "RIGHT"),
        ("A3", "words", "TIE"),
        ("A3", "looks", "RIGHT"),
        ("A7", "looks", "LEFT"),
    ]
    assert list(reasons(found)) == ["line 5", "line 6", "line 7", "line 9"]
    assert "in the future" in reasons(found)["line 9"]
    assert "rejected" in reasons(found)["line 7"]


def test_any_table_is_read_by_its_columns(study: Study, items: list[str]) -> None:
    columns = {"item": "unit", "answer": "said", "annotator": "user", "question": "q"}
    text = f"user,unit,q,said,more\nu1,{items[0]},looks,tie,=x\nu2,{items[0]},words,left,\n"
    found = study.takes(text, columns=columns)
    assert [(r.annotator, r.question, r.order) for r in found.kept] == [
        ("u1", "looks", None),
        ("u2", "words", None),
    ]
    assert all(math.isnan(row.seconds) for row in found.kept)
    later = import_answers(study.folder, [], study.key, now=NOW)
    assert later.kept == found.kept  # the columns are known to the study


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"item": "a", "answer": "b"}, "no column is said to be the annotator"),
        ({"item": "a", "answer": "b", "annotator": "z"}, "it has no column 'z'"),
        ({"item": "a", "answer": "b", "annotator": "c", "x": "a"}, "an answer has no 'x'"),
    ],
)
def test_columns_that_do_not_fit_are_named(
    study: Study, columns: dict[str, str], fault: str
) -> None:
    assert fault in reasons(study.takes("a,b,c\n1,2,3\n", columns=columns))["file"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=5), st.booleans())
def test_a_file_damaged_anywhere_is_read_as_far_as_it_goes(
    study: Study, items: list[str], damage: list[tuple[int, bytes]], as_json: bool
) -> None:
    table = V2 + "".join(line(item, place=i) for i, item in enumerate(items[:6]))
    content = (json.dumps([of_task(items[0])]) if as_json else table).encode()
    for at, what in damage:
        content = content[:at] + what + content[at + 2 :]
    found = study.takes(content)
    for row in found.kept:
        assert row.item in items
        assert math.isnan(row.seconds) or 0 <= row.seconds <= 86_400
    assert all(each.reason and len(each.reason) < 400 for each in found.refused)
    assert len(found.choices) == len(found.kept)
