"""What nobody should send: refused with a clear message, and nothing is lost by it."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.preference.served.conftest import Annotator, Server

LOST = object()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seconds": -1}, "nobody answers in '-1.0' seconds"),
        ({"seconds": 86_401}, "more than a day"),
        ({"seconds": "3"}, "`seconds` is no number"),
        ({"seconds": True}, "`seconds` is no number"),
        ({"seconds": None}, "`seconds` is no number"),
        ({"seconds": float("nan")}, "NaN is no finite number"),
        ({"seconds": float("inf")}, "Infinity is no finite number"),
        ({"seconds": 10**29}, "more than a day"),
        ({"seconds": LOST}, "`seconds` is no number"),
        ({"item": "f" * 20}, "is not on this page"),
        ({"item": ["x"]}, "`item` is no text"),
        ({"item": LOST}, "`item` is no text"),
        ({"answers": {"prompt": "left"}}, "what is asked is prompt, quality"),
        ({"answers": {"prompt": "left", "quality": "left", "real": "left"}}, "what is asked is"),
        ({"answers": {"prompt": "left", "quality": "real"}}, "none of left, right, tie, both bad"),
        ({"answers": {"prompt": "left", "quality": ["left"]}}, "none of left"),
        ({"answers": "left"}, "`answers` is no JSON object"),
        ({"answers": LOST}, "`answers` is no JSON object"),
        ({"annotator": ""}, "no annotator's name"),
        ({"annotator": "../../etc/passwd"}, "looks like a path"),
        ({"annotator": "x" * 101}, "is too long"),
        ({"annotator": "x" * 81}, "is too long"),
        ({"annotator": "a\u0000b"}, "U+0000"),
        ({"annotator": "a\rb"}, "U+000D"),
        ({"annotator": 3}, "`annotator` is no text"),
        ({"place": 0}, "`place` is no whole number"),
        ({"place": 1.0}, "`place` is no whole number"),
        ({"place": 1000}, "`place` is no whole number"),
        ({"revision": -1}, "`revision` is no whole number"),
        ({"revision": True}, "`revision` is no whole number"),
        ({"revision": 10**20}, "`revision` is no whole number"),
        ({"id": "short"}, "`id` is not 8 to 64"),
        ({"id": "../" * 5}, "`id` is not 8 to 64"),
        ({"id": LOST}, "`id` is no text"),
        ({"when": "yesterday"}, "`when` is no time"),
        ({"when": "0001-01-01T00:00:00+14:00"}, "`when` is no time"),
        ({"when": LOST}, "`when` is no text"),
        ({"undo": "f" * 20}, "is not on this page"),
        ({"undo": 5}, "`undo` is no text"),
    ],
)  # fmt: skip
def test_a_message_that_means_nothing_is_refused_in_words(
    one: Annotator, change: dict[str, Any], words: str
) -> None:
    message = one.message() | change
    body = json.dumps({name: value for name, value in message.items() if value is not LOST})
    answer = one.post(body.encode())
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert len(answer.text) < 500


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "what was sent is no message"),
        (b"[]", 400, "it is no JSON object"),
        (b"null", 400, "it is no JSON object"),
        (b"{", 400, "what was sent is no message"),
        (b"\xff\xfe{", 400, "what was sent is no message"),
        (b"[" * 5000 + b"]" * 5000, 400, "more than 200 values"),
        (b'{"id":' * 100 + b"1" + b"}" * 100, 400, "nested more than 64 deep"),
        (b'{"id": "\\ud800aaaaaaaa"}', 400, "surrogate"),
        (b'{"seconds": ' + b"9" * 5000 + b"}", 400, "is too long"),
        (b'{"annotator": "' + b"x" * 1_000_000 + b'"}', 413, "16,384 bytes at most"),
        (b" " * 16_385, 413, "16,384 bytes at most"),
        (b"x" * 6_000_000, 413, "16,384 bytes at most"),
    ],
)
def test_a_body_that_is_no_message_is_refused_in_words(
    one: Annotator, body: bytes, status: int, words: str
) -> None:
    answer = one.post(body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


@pytest.fixture(scope="module")
def one(shared: Server) -> Annotator:
    """Somebody who sends nothing that is taken, from several tests."""
    found = Annotator(shared.links.pop())
    post = found.post

    def patient(message: Any, **headers: str) -> httpx.Response:
        while (answer := post(message, **headers)).status_code == 429:
            time.sleep(float(answer.headers["retry-after"]))
        return answer

    found.post = patient  # type: ignore[method-assign]
    return found


def test_nothing_of_all_that_was_kept(one: Annotator) -> None:
    assert one.state == {"annotator": "", "revision": 0, "answers": []}
    assert one.post(one.message()).status_code == 200


def test_an_item_of_somebody_else_is_as_unknown_as_any(shared: Server) -> None:
    anna, ben = (Annotator(shared.links.pop(), name) for name in ("anna", "ben"))
    mine = anna.post(anna.message(item=ben.items[0])).json()["error"]
    nobody = anna.post(anna.message(item="0" * 20)).json()["error"]
    assert mine.replace(ben.items[0], "") == nobody.replace("0" * 20, "")


def test_forged_and_borrowed_tokens_are_refused_alike(shared: Server) -> None:
    anna, ben = (Annotator(shared.links.pop(), name) for name in ("anna", "ben"))
    tokens = ("", "x", "=", anna.content["server"]["csrf"][:-1], ben.content["server"]["csrf"])
    found = [anna.client.post(anna.content["server"]["answers"], json=anna.message())]
    found += [anna.post(anna.message(), **{"x-csrf-token": token}) for token in tokens]
    assert {answer.status_code for answer in found} == {403}
    assert len({answer.text for answer in found}) == 1
    assert anna.state["revision"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://[bad"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_page_of_somebody_else_cannot_post(annotator: Annotator, headers: dict[str, str]) -> None:
    assert annotator.post(annotator.message(), **headers).status_code == 403
    assert annotator.state["revision"] == 0


def test_our_own_page_can(annotator: Annotator, shared: Server) -> None:
    origin = f"http://127.0.0.1:{shared.port}"
    given = {"origin": origin, "sec-fetch-site": "same-origin"}
    assert annotator.post(annotator.message(), **given).status_code == 200


def test_unknown_links_the_owner_s_and_other_ways_lead_nowhere(shared: Server) -> None:
    base = f"http://127.0.0.1:{shared.port}"
    own, monitor = shared.links[0].rpartition("/")[2], shared.told["monitor"].rpartition("/")[2]
    nowhere = [
        httpx.get(f"{base}{path}")
        for path in (
            "/",
            "/a/",
            "/a/x",
            f"/a/{own[:-1]}",
            f"/a/{own}x",
            f"/a/{monitor}",
            "/monitor/",
            f"/monitor/{own}",
            "/monitor/x",
            "/a/%2e%2e/links.json",
            "/links.json",
            "/key.json",
            "/served.sqlite",
            "/a/..%2f..%2fkey.json",
            f"/a/{'x' * 10_000}",
        )  # fmt: skip
    ]
    assert {answer.status_code for answer in nowhere} == {404}
    assert len({answer.text for answer in nowhere}) == 1
    assert httpx.get(f"{base}/images/{'0' * 40}").status_code == 404
    assert httpx.get(f"{base}/images/..%2fkey.json").status_code == 404
    assert httpx.post(f"{base}/a/{own}", json={}).status_code == 405
    assert httpx.get(f"{base}/a/{own}/answers").status_code == 405


def test_a_name_that_leads_here_by_somebody_else_s_doing_is_refused(shared: Server) -> None:
    for host in ("evil.example", f"evil.example:{shared.port}", "127.0.0.1.evil.example", "[bad"):
        answer = httpx.get(shared.links[0], headers={"host": host})
        assert (answer.status_code, "that name" in answer.text) == (400, True), host
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:80"):
        assert httpx.get(shared.links[0], headers={"host": host}).status_code == 200


def test_a_thousand_requests_in_a_second_are_refused_clearly_and_lose_nothing(
    shared: Server,
) -> None:
    anna, ben = (Annotator(shared.links.pop(), name) for name in ("anna", "ben"))
    first = anna.message()
    assert anna.post(first).status_code == 200
    body, server = json.dumps(first).encode(), anna.content["server"]

    def flood(count: int) -> list[tuple[int, bytes, str | None]]:
        line = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=30)
        found = []
        for _ in range(count):
            line.request("POST", server["answers"], body, {"x-csrf-token": server["csrf"]})
            answer = line.getresponse()
            found.append((answer.status, answer.read(), answer.getheader("retry-after")))
        line.close()
        return found

    began = time.perf_counter()
    with ThreadPoolExecutor(4) as threads:
        answers = [each for part in threads.map(flood, [250] * 4) for each in part]
    seconds = time.perf_counter() - began
    taken = [each for each in answers if each[0] == 200]
    busy = [each for each in answers if each[0] == 429]
    assert len(taken) + len(busy) == 1000
    assert len(taken) <= 60 + 10 * seconds + 1
    assert all(json.loads(body)["acknowledged"] == first["id"] for _, body, _ in taken)
    for _, text, retry in busy:
        assert "too many requests" in json.loads(text)["error"]
        assert int(retry or "") == json.loads(text)["retry_after"] >= 1
    assert ben.post(ben.message()).status_code == 200, "another link has its own"
    time.sleep(1.1)
    assert anna.post(anna.message(2, revision=1)).json()["revision"] == 2
    assert [each["id"] for each in anna.state["answers"]][0] == first["id"]


def test_a_clock_that_jumps_costs_no_answer(annotator: Annotator, shared: Server) -> None:
    times = ("1970-01-01T00:00:00.000Z", "2099-12-31T23:59:59Z", "9999-12-31T23:59:59+00:00")
    for place, when in enumerate(times, start=1):
        answer = annotator.post(annotator.message(place, revision=place - 1, when=when))
        assert answer.status_code == 200
    assert [each["when"] for each in annotator.state["answers"]] == list(times)
