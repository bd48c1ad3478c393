"""A study is served whole or refused with a remedy; one server at a time; it ends when told to."""

import json
import os
import shutil
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.preference.served.export import served_files
from components.preference.served.links import read_links
from components.preference.served.record import open_record
from components.preference.served.serving import ready
from tests.preference.served.conftest import (
    STUDY,
    Annotator,
    Server,
    free_port,
    launch,
    small,
    start,
    write_study,
)


def refusal(folder: Path, port: int | None = None, host: str = "127.0.0.1") -> AlphabarError:
    with pytest.raises(AlphabarError) as caught, ready(folder, host, port or free_port()):
        pass
    return caught.value


def test_it_ends_on_ctrl_c_and_goes_on_with_the_same_links(study: Path) -> None:
    first = start(study, free_port())
    anna = Annotator(first.links[0])
    message = anna.message()
    assert anna.post(message).status_code == 200
    assert first.stop(signal.SIGINT) == 0
    assert not (study / "served.sqlite-wal").exists(), "all is in the one file"
    again = start(study, first.port)
    assert (again.links, again.told["monitor"]) == (first.links, first.told["monitor"])
    assert again.told["answers"] == 1
    elsewhere = Annotator(again.links[0])
    assert [each["id"] for each in elsewhere.state["answers"]] == [message["id"]]
    tab = anna.post(anna.message(2, revision=1))  # a page that was open all the time
    assert tab.json()["revision"] == 2
    assert again.stop(signal.SIGTERM) == 0


def test_a_second_server_is_refused_and_the_first_goes_on(server: Server) -> None:
    second = launch(server.folder, free_port())
    out, _ = second.communicate(timeout=30)
    assert second.returncode == 2
    said = json.loads(out)["error"]
    assert "another server has" in said["message"]
    assert "end it first" in said["remedy"]
    assert Annotator(server.links[0]).state["revision"] == 0


def test_what_a_killed_server_left_is_in_nobody_s_way(server: Server) -> None:
    server.kill()
    with ready(server.folder, "127.0.0.1", server.port) as again:
        assert list(again.annotators().values()) == server.links


def test_a_taken_port_and_addresses_that_are_none_are_refused(study: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        error = refusal(study, taken.getsockname()[1])
    assert "another program listens there" in error.what
    assert "--port" in error.remedy
    assert "no address" in refusal(study, host="not an address").what
    assert "cannot listen at 192.0.2.1" in refusal(study, host="192.0.2.1").what
    assert not (study / "links.json").exists()
    assert not (study / "served.sqlite").exists()


def test_links_are_for_their_owner_and_the_record_has_only_their_digests(study: Path) -> None:
    with ready(study, "127.0.0.1", free_port()) as served:
        links = read_links(study, STUDY, 3)
        assert links is not None
        assert set(links.tokens) == {0, 1, 2, 3}
        assert all(len(token) >= 32 for token in links.tokens.values())
        record = b"".join(p.read_bytes() for p in study.glob("served.sqlite*"))
        for number, token in links.tokens.items():
            assert token.encode() not in record
            assert links.hashes()[number].encode() in record
        assert served.new
        assert served.alone
    for name in ("links.json", "served.sqlite"):
        assert (study / name).stat().st_mode & 0o777 == 0o600


def test_links_that_are_lost_are_made_anew_and_answers_stay(server: Server) -> None:
    anna = Annotator(server.links[0])
    anna.post(anna.message())
    server.stop()
    (server.folder / "links.json").unlink()
    with ready(server.folder, "127.0.0.1", server.port) as again:
        assert again.new
        assert again.kept == 1
        assert not set(again.annotators().values()) & set(server.links)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def edit(path: Path, name: str, value: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))


BEFORE: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: flip(folder / "annotator-02.html"), "annotator-02.html is damaged"),
    (lambda folder: flip(folder / "key.json"), "key.json is damaged"),
    (lambda folder: (folder / "annotator-03.html").unlink(), "annotator-03.html is missing"),
    (lambda folder: (folder / "manifest.json").unlink(), "has no manifest.json"),
    (lambda folder: (folder / "study.json").unlink(), "is no study"),
    (lambda folder: shutil.rmtree(folder), "is no study"),
    (lambda folder: (folder / "served.sqlite").write_text("no" * 5000), "cannot be used"),
    (lambda folder: (folder / "links.json").write_text("{"), "links.json is broken"),
]


@pytest.mark.parametrize(("damage", "words"), BEFORE)
def test_a_folder_that_is_not_as_it_was_published_is_refused(
    study: Path, damage: Callable[[Path], object], words: str
) -> None:
    damage(study)
    error = refusal(study)
    assert words in error.what
    assert error.remedy
    assert not (study / ".served.lock").exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("study", "another", "the links of another study"),
        ("annotators", {"1": "x"}, "has no links for 3"),
        ("annotators", [], "has no links for 3"),
        ("monitor", "../x", "has no links for 3"),
        ("secret", 5, "has no links for 3"),
        ("monitor", "x" * 32, "are not those of its served.sqlite"),
    ],
)
def test_links_that_do_not_fit_are_refused(
    study: Path, name: str, value: object, words: str
) -> None:
    with ready(study, "127.0.0.1", free_port()):
        pass
    edit(study / "links.json", name, value)
    assert words in refusal(study).what


def test_the_record_of_another_study_or_program_is_refused(study: Path, tmp_path: Path) -> None:
    with ready(study, "127.0.0.1", free_port()):
        pass
    (study / "links.json").unlink()
    with closing(sqlite3.connect(study / "served.sqlite")) as db:
        db.execute("UPDATE about SET value = 'another'")
        db.commit()
    assert "the answers to another study" in refusal(study).what
    with pytest.raises(AlphabarError, match="the answers to another study"):
        served_files(study)
    (study / "served.sqlite").unlink()
    with closing(sqlite3.connect(study / "served.sqlite")) as db:
        db.execute("CREATE TABLE notes (text)")
    assert "is another program's" in refusal(study).what
    assert not (study / "links.json").exists()


def test_a_record_that_a_kill_left_empty_is_begun_anew(study: Path) -> None:
    (study / "served.sqlite").touch()
    assert served_files(study) == []
    with ready(study, "127.0.0.1", free_port()) as served:
        assert served.kept == 0


def test_a_commit_is_on_the_disk_when_it_returns(study: Path) -> None:
    with closing(open_record(study, STUDY)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"


def test_a_study_of_one_image_is_served(tmp_path: Path) -> None:
    write_study(tmp_path / "study", small("realism"))
    server = start(tmp_path / "study", free_port())
    try:
        anna = Annotator(server.links[0])
        assert anna.content["items"][0]["right"] is None
        assert anna.post(anna.message()).status_code == 200
        wrong = anna.post(anna.message(2, revision=1, answers={"real": "left"}))
        assert "none of real, generated" in wrong.json()["error"]
        assert anna.client.get(server.told["monitor"]).status_code == 200
    finally:
        assert server.stop() == 0


def test_what_it_says_to_a_person_names_links_and_what_binding_to_others_means(
    study: Path,
) -> None:
    process = launch(study, free_port(), "--host", "0.0.0.0")  # with --json: lines go to stderr
    assert process.stdout is not None
    while process.stdout.readline() not in ("}\n", ""):
        pass
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "others can reach this server, and it speaks plain HTTP" in said
    assert f"http://{socket.gethostname()}:" in said
    assert os.listdir(study.parent) == ["study"]
