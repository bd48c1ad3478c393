"""The owner's page: counts, pace and agreement at any time, a result when it is time."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from components.preference.about import read_about
from components.preference.design.design import draw_design
from components.preference.design.key import Key, read_key
from components.preference.design.size import REAL, Size
from components.preference.served.monitor_page import ago, monitor_page
from components.preference.served.monitored import Monitored, monitored
from components.preference.served.posted import Posted
from components.preference.served.record import Taken, add, open_record
from components.preference.statistics.agreement import alpha
from tests.preference.served.conftest import STUDY, small, write_study

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SIZE = Size(("old", "new"), 30, 6, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_study(tmp_path / "study", SIZE, whole=False)
    return tmp_path / "study"


@pytest.fixture
def record(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_record(folder, STUDY)) as db:
        yield db


def answer(
    db: sqlite3.Connection,
    key: Key,
    slot: int,
    most: int,
    *,
    ends: datetime = NOW,
    careful: bool = True,
) -> None:
    """The first items of an annotator, one each ten seconds up to ``ends``; new is preferred."""
    items = [row.item for row in draw_design(SIZE, 3, b"salt").of_slot(slot - 1)][:most]
    for turn, name in enumerate(items):
        item = key.items[name]
        liked = REAL if item.kind == "check" else "new"
        side = "left" if (item.left == liked) == careful else "right"
        when = (ends - timedelta(seconds=10 * (len(items) - turn))).isoformat()
        said = {"prompt": side, "quality": "tie" if item.kind != "check" else side}
        posted = Posted(
            "answer", f"{slot}-{turn}-answer", turn, f"p{slot}", name, said, 2.0, turn + 1, when
        )
        assert add(db, slot, posted, when) == Taken(turn + 1)


def look(db: sqlite3.Connection, folder: Path, *, peek: bool = False) -> Monitored:
    about, key = read_about(folder), read_key(folder / "key.json")
    return monitored(db, about, key, NOW, peek=peek)


def page(found: Monitored, folder: Path, *, peek: bool = False) -> str:
    return monitor_page(found, read_about(folder), "nonce", peek=peek)


def test_nothing_is_there_before_anybody_answers(record: sqlite3.Connection, folder: Path) -> None:
    found = look(record, folder)
    assert (found.answered, found.planned, found.items, found.of) == (0, 90, 0, 162)
    assert (found.hourly, found.ends, found.results) == (None, None, None)
    assert set(found.agreement.values()) == {None}
    assert "not begun" in page(found, folder)


def test_counts_pace_and_end_are_those_of_the_record(
    record: sqlite3.Connection, folder: Path
) -> None:
    key = read_key(folder / "key.json")
    answer(record, key, 1, 20)
    answer(record, key, 2, 10, careful=False)
    undo = Posted("undo", "undo-id-1", 20, "", _item(record, 1, 20), {}, 0.0, 0, NOW.isoformat())
    assert add(record, 1, undo, NOW.isoformat()) == Taken(21)
    found = look(record, folder)
    one, two, three = found.annotators[:3]
    assert (one.name, one.answered, one.of, one.undone) == ("p1", 19, 27, 1)
    assert one.pace == pytest.approx(6.0)
    assert (two.answered, two.failed) == (10, two.checks)
    assert two.checks > 0
    assert (one.failed, three.name, three.answered, three.pace) == (0, "", 0, None)
    assert found.items == 29
    # 29 answers since 200 seconds ago
    assert found.hourly == pytest.approx(29 * 18)
    assert found.ends == NOW + timedelta(hours=(162 - 29) / (29 * 18))
    text = page(found, folder)
    assert "p1" in text
    assert "19 of 27" in text
    assert f"{two.checks} of {two.checks}" in text


def _item(db: sqlite3.Connection, slot: int, place: int) -> str:
    query = "SELECT item FROM history WHERE slot = ? AND place = ?"
    return str(db.execute(query, (slot, place)).fetchone()[0])


def test_agreement_is_krippendorff_s_alpha_of_first_answers(
    record: sqlite3.Connection, folder: Path
) -> None:
    key = read_key(folder / "key.json")
    for slot in (1, 2, 3):
        answer(record, key, slot, 27, careful=slot != 3)
    found = look(record, folder)
    pairs = sorted({item.pair for item in key.items.values() if item.kind == "shown"})
    ratings = np.full((3, len(pairs)), np.nan)
    for slot in (1, 2, 3):
        for item in key.items.values():
            if item.slot == slot - 1 and item.kind == "shown":
                ratings[slot - 1, pairs.index(item.pair)] = float(slot == 3)
    expected = alpha(ratings, "nominal")
    assert expected is not None
    assert found.agreement["prompt"] is not None
    assert found.agreement["prompt"].value == pytest.approx(expected.value)
    assert found.agreement["quality"] is None, "everybody said the same: it has no value"


def test_no_result_is_told_before_the_planned_answers_unless_asked(
    record: sqlite3.Connection, folder: Path
) -> None:
    key = read_key(folder / "key.json")
    for slot in range(1, 6):
        answer(record, key, slot, 27)
    found = look(record, folder)
    assert found.results is None
    text = page(found, folder)
    assert "It is not shown before the 90 planned answers are there" in text
    assert "new" not in text.partition("<h2>Result")[2].partition("</div>")[0]
    early = look(record, folder, peek=True)
    assert early.results is not None
    prompt, quality = early.results
    assert (prompt.candidate, prompt.baseline, prompt.answers, prompt.people) == (
        "new",
        "old",
        75,
        5,
    )
    assert prompt.interval is None or prompt.interval.method.startswith("normal mixture")
    assert (quality.answers, quality.interval) == (0, None)
    text = page(early, folder, peek=True)
    assert "A look before the planned number of answers" in text
    assert "nothing can be said yet" in text


def test_all_planned_answers_give_the_crossed_interval_unasked(
    record: sqlite3.Connection, folder: Path
) -> None:
    key = read_key(folder / "key.json")
    for slot in range(1, 7):
        answer(record, key, slot, 27, careful=slot != 6)
    found = look(record, folder)
    assert found.complete
    assert (found.ends, found.results is not None) == (None, True)
    assert found.results is not None
    prompt = found.results[0]
    assert prompt.interval is not None
    assert prompt.interval.value == pytest.approx(75 / 90)
    text = page(found, folder, peek=True)
    assert "83.3 %" in text
    assert "A look before" not in text
    assert "all is answered" in text


def test_pauses_are_no_part_of_a_pace(record: sqlite3.Connection, folder: Path) -> None:
    key = read_key(folder / "key.json")
    answer(record, key, 1, 10, ends=NOW - timedelta(hours=5))
    found = look(record, folder)
    assert found.annotators[0].pace == pytest.approx(6.0)
    assert found.hourly is None
    assert "5 h ago" in page(found, folder)


def test_names_are_written_and_never_read_as_html(record: sqlite3.Connection, folder: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    name = Posted("annotator", "message-1", 0, evil, "", {}, 0.0, 0, NOW.isoformat())
    add(record, 1, name, NOW.isoformat())
    text = page(look(record, folder), folder)
    assert evil not in text
    assert "&lt;img src=x" in text


def test_simulated_annotators_are_called_so(
    record: sqlite3.Connection, folder: Path, tmp_path: Path
) -> None:
    content = json.loads((folder / "study.json").read_text()) | {"simulated": True}
    (folder / "manifest.json").unlink()
    (folder / "study.json").write_text(json.dumps(content))
    assert "Simulated annotators" in page(look(record, folder), folder)


def test_a_realism_study_tells_how_often_each_model_is_taken_for_real(tmp_path: Path) -> None:
    write_study(tmp_path / "study", small("realism"), whole=False)
    with closing(open_record(tmp_path / "study", STUDY)) as db:
        found = look(db, tmp_path / "study", peek=True)
        assert found.results is not None
        assert [each.candidate for each in found.results] == ["old", "new"]
        assert "Taken for real" in page(found, tmp_path / "study", peek=True)


def test_times_are_told_in_words() -> None:
    for seconds, words in ((0, "just now"), (-5, "just now"), (90, "2 min ago"), (7200, "2 h ago")):
        assert ago(NOW - timedelta(seconds=seconds), NOW) == words
