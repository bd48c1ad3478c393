"""An annotator's way through a served study: pages, acknowledgements, undo, other tabs."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from components.errors import AlphabarError
from components.preference.answers.imported import import_answers
from components.preference.design.key import read_key
from components.preference.served.export import served_files
from components.preference.statistics.choices import Outcome
from flows.tools.study_answers import Asked, import_answers_of
from flows.workspace import Workspace
from tests.preference.served.conftest import Annotator, Server, content_of


def test_the_page_is_the_exported_one_with_images_by_names_that_say_nothing(
    annotator: Annotator, shared: Server
) -> None:
    text = annotator.client.get(annotator.link).text
    number = int(content_of(text)["slot"])
    exported = content_of((shared.folder / f"annotator-{number:02d}.html").read_text())
    ours = content_of(text)
    names = []
    for theirs, mine in zip(exported["items"], ours["items"], strict=True):
        for side in ("left", "right"):
            names.append(mine[side])
            found = annotator.client.get(mine[side])
            assert found.headers["content-type"] == "image/png"
            assert found.content in [p.read_bytes() for p in (shared.folder / "images").iterdir()]
            mine[side] = theirs[side]
    assert {**ours, "server": None} == exported
    assert len(set(names)) == len(names), "two showings of an image have two names"
    key = read_key(shared.folder / "key.json")
    files = {file for pair in key.pairs.values() for file in pair.files.values()}
    assert not any(Path(file).stem in text for file in files)
    assert "data:image" not in text


def test_every_answer_keeps_browsers_on_a_short_line(annotator: Annotator, shared: Server) -> None:
    for address in (annotator.link, httpx.URL(shared.told["monitor"])):
        page, again = (annotator.client.get(address) for _ in range(2))
        policy = page.headers["content-security-policy"]
        nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
        assert len(nonce) >= 22
        assert nonce not in again.text
        assert page.text.count("<script") - page.text.count(f'nonce="{nonce}"') <= 0
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        for rule in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
            assert rule in policy
    lost = annotator.client.get("/nowhere")
    assert "default-src 'none'; frame-ancestors 'none'" in lost.headers["content-security-policy"]
    for answer in (page, lost, annotator.post(annotator.message())):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers
        assert "set-cookie" not in answer.headers
    image = annotator.client.get(annotator.content["items"][0]["left"])
    assert "private" in image.headers["cache-control"]


def test_a_message_sent_again_is_acknowledged_again_and_kept_once(annotator: Annotator) -> None:
    message = annotator.message()
    answers = [annotator.post(message).json() for _ in range(3)]
    assert answers == [{"acknowledged": message["id"], "revision": 1}] * 3
    annotator.post(annotator.message(2, revision=1))
    assert annotator.post(message).json() == answers[0], "also when others came since"
    assert annotator.state["revision"] == 2
    other = message | {"answers": {"prompt": "right", "quality": "right"}}
    assert "another message has this `id`" in annotator.post(other).json()["error"]


def test_two_annotators_may_use_the_same_id(shared: Server) -> None:
    for name in ("anna", "ben"):
        one = Annotator(shared.links.pop(), name)
        assert one.post(one.message(id="the-same-id")).json()["revision"] == 1


def test_a_name_comes_first_and_stays_once_there_are_answers(annotator: Annotator) -> None:
    name = {"item": None, "answers": None}

    def tell(called: str, revision: int) -> httpx.Response:
        message = annotator.message(revision=revision, annotator=called) | name
        return annotator.post({k: v for k, v in message.items() if v is not None})

    assert tell("ana", 0).status_code == 200
    assert tell("  anna ", 1).status_code == 200
    assert annotator.state["annotator"] == "anna"
    assert annotator.post(annotator.message(revision=2)).status_code == 200
    assert tell("ben", 3).json()["state"]["annotator"] == "anna"
    behind = annotator.post(annotator.message(2, revision=3, annotator="ben"))
    assert (behind.status_code, behind.json()["state"]["revision"]) == (409, 3)


def test_an_undo_is_a_further_row_and_the_item_can_be_answered_again(server: Server) -> None:
    anna = Annotator(server.links[0])
    anna.post(anna.message(1))
    anna.post(anna.message(2, revision=1))
    when = anna.message()["when"]
    undo = {"id": "undo-0001", "revision": 2, "undo": anna.items[1], "when": when}
    assert anna.post(undo).json() == {"acknowledged": "undo-0001", "revision": 3}
    assert anna.post(undo).json() == {"acknowledged": "undo-0001", "revision": 3}
    assert [each["item"] for each in anna.state["answers"]] == anna.items[:1]
    again = anna.post(undo | {"id": "undo-0002", "revision": 3})
    assert again.status_code == 409, "there is nothing to take back"
    other = {"prompt": "both bad", "quality": "tie"}
    assert anna.post(anna.message(2, revision=3, answers=other)).json()["revision"] == 4
    with closing(sqlite3.connect(server.folder / "served.sqlite")) as db:
        kinds = [kind for (kind,) in db.execute("SELECT kind FROM history ORDER BY number")]
        assert kinds == ["answer", "answer", "undo", "answer"]
        for change in ("DELETE FROM history", "UPDATE history SET item = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="is never"):
                db.execute(change)


def test_a_second_tab_that_is_behind_is_told_the_state(annotator: Annotator) -> None:
    annotator.post(annotator.message(1))
    annotator.post(annotator.message(2, revision=1))
    behind = annotator.post(annotator.message(2, revision=1, seconds=9.0))
    assert behind.status_code == 409
    assert behind.json()["state"] == annotator.state
    ahead = annotator.post(annotator.message(3, revision=7))
    assert ahead.status_code == 409, "a revision that there is not"
    twice = annotator.post(annotator.message(2, revision=2))
    assert twice.status_code == 409, "an answer that stands is taken back before it is given anew"
    assert annotator.post(annotator.message(3, revision=2)).status_code == 200


def test_what_was_served_is_imported_by_the_path_of_files(server: Server) -> None:
    one, two = Annotator(server.links[0], "=anna"), Annotator(server.links[2], "=anna")
    for who in (one, two):
        for place in (1, 2):
            answers = {"prompt": ("left", "both bad")[place - 1], "quality": "tie"}
            who.post(who.message(place, revision=place - 1, answers=answers))
    future = one.message(3, revision=2, when="2099-01-01T00:00:00Z", seconds=0.1 + 0.2)
    assert one.post(future).status_code == 200
    files = served_files(server.folder)  # while the server runs
    assert [name for name, _ in files] == ["served-01.csv", "served-03.csv"]
    paths = []
    for name, content in files:
        paths.append(server.folder.parent / name)
        paths[-1].write_bytes(content)
    found = import_answers(server.folder, paths, read_key(server.folder / "key.json"))
    assert found.refused == ()
    assert {row.annotator for row in found.kept} == {"=anna", "=anna (3)"}
    own = [row for row in found.kept if row.annotator == "=anna"]
    assert [(row.order, row.question, row.answer) for row in own] == [
        (1, "prompt", Outcome.LEFT),
        (1, "quality", Outcome.TIE),
        (2, "prompt", Outcome.BOTH_BAD),
        (2, "quality", Outcome.TIE),
        (3, "prompt", Outcome.LEFT),
        (3, "quality", Outcome.LEFT),
    ]
    assert own[-1].seconds == 0.1 + 0.2
    server.stop()
    assert served_files(server.folder) == files


def test_nothing_was_served_of_a_study_that_nobody_served(study: Path) -> None:
    assert served_files(study) == []


def test_import_without_files_takes_in_what_was_served(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Annotator(server.links[0], "anna")
    for place in (1, 2):
        one.post(
            one.message(place, revision=place - 1, answers={"prompt": "left", "quality": "tie"})
        )
    workspace = Workspace(tmp_path, tmp_path / "artifacts")
    done = import_answers_of(str(server.folder), Asked(), workspace)
    assert (done.nothing, done.taken, len(done.found.kept)) == (False, 1, 4)
    one.post(one.message(3, revision=2, answers={"prompt": "left", "quality": "tie"}))
    again = import_answers_of(str(server.folder), Asked(), workspace)
    assert (len(again.found.kept), again.found.twice, again.found.refused) == (6, 0, ())
    when = "2026-05-04T12:00:00Z"
    undone = {"id": "undo-0001", "revision": 3, "undo": one.items[2], "when": when}
    assert one.post(undone).status_code == 200
    one.post(one.message(3, revision=4, answers={"prompt": "right", "quality": "tie"}))
    changed = import_answers_of(str(server.folder), Asked(), workspace)
    assert (len(changed.found.kept), changed.found.refused) == (6, ())
    assert changed.found.kept[-2].answer == Outcome.RIGHT


def test_who_takes_everything_back_is_counted_no_longer(server: Server, tmp_path: Path) -> None:
    one = Annotator(server.links[0], "anna")
    one.post(one.message())
    workspace = Workspace(tmp_path, tmp_path / "artifacts")
    done = import_answers_of(str(server.folder), Asked(), workspace)
    assert len(done.found.kept) == 2
    undone = {
        "id": "undo-0001",
        "revision": 1,
        "undo": one.items[0],
        "when": "2026-05-04T12:00:00Z",
    }
    assert one.post(undone).status_code == 200
    assert served_files(server.folder) == [("served-01.csv", b"")]
    with pytest.raises(AlphabarError, match="has no answers"):
        import_answers_of(str(server.folder), Asked(), workspace)
    left = import_answers(server.folder, [], read_key(server.folder / "key.json"))
    assert (left.kept, left.refused) == ((), ())


def test_exclusions_are_all_made_or_none(server: Server, tmp_path: Path) -> None:
    one = Annotator(server.links[0], "anna")
    one.post(one.message())
    workspace = Workspace(tmp_path, tmp_path / "artifacts")
    asked = Asked(exclude=["annotator:anna"], take_back=["annotator:ghost"], why="x")
    with pytest.raises(AlphabarError, match="'ghost' is not excluded"):
        import_answers_of(str(server.folder), asked, workspace)
    done = import_answers_of(str(server.folder), Asked(), workspace)
    assert (list(done.exclusions), len(done.found.counted)) == ([], 2)
