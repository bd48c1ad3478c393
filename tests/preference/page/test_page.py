import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest

from components.preference.page.page import SCRIPTS, page
from tests.preference.page.contents import ODD, image, pairwise, realism

SECRET = {"pair": "pair-17", "kind": "check", "model": "digits@3", "seed": 5}
SERVER = {
    "answers": "/a/t0ken/answers",
    "csrf": "t0ken",
    "state": {"annotator": "", "revision": 0, "answers": []},
}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def held(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', text, re.S)
    assert found
    value: dict[str, Any] = json.loads(found[1])
    return value


def within(text: str, tag: str) -> str:
    found = re.findall(rf"<{tag}(?: nonce=\"[^\"]*\")?>(.*?)</{tag}>", text, re.S)
    assert len(found) == 1
    return str(found[0])


@pytest.mark.parametrize("content", [pairwise(), pairwise(2, ("quality",)), realism()])
def test_the_page_holds_its_content_and_loads_nothing(content: Any) -> None:
    text = page(content, name="digits")
    assert held(text) == content
    found = Tags(text)
    assert not {"link", "iframe", "base"}.intersection(found.tags)
    assert not {"src", "href", "style"}.intersection(name for name, _ in found.attributes)
    assert not any(name.startswith("on") for name, _ in found.attributes)
    assert not re.search(r"https?://", text)


def test_its_policy_allows_its_own_script_and_styles_alone() -> None:
    text = page(pairwise(), name="digits")
    policy = dict(Tags(text).attributes)["content"]
    policies = [v for n, v in Tags(text).attributes if n == "content" and "default-src" in v]
    for tag in ("script", "style"):
        digest = b64encode(sha256(within(text, tag).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policies[0]
    assert policies[0].startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policies[0] + policy


def test_a_served_page_has_the_server_s_nonce_and_no_policy_of_its_own() -> None:
    text = page(pairwise(server=SERVER), name="digits", nonce="abc123")
    assert "Content-Security-Policy" not in text
    assert [value for name, value in Tags(text).attributes if name == "nonce"] == ["abc123"] * 2
    assert held(text)["server"] == SERVER
    assert "sends nothing" not in within(text, "main")


def test_nothing_but_the_fields_of_the_page_reaches_it() -> None:
    content = pairwise()
    content |= {"key": SECRET, "server": SERVER | SECRET}
    content["items"] = [item | SECRET for item in content["items"]]
    text = page(content, name="digits")
    assert "pair-17" not in text
    assert "digits@3" not in text
    assert {frozenset(item) for item in held(text)["items"]} == {
        frozenset({"item", "prompt", "left", "right"})
    }


def test_words_are_only_words() -> None:
    example = {"prompt": ODD[0], "left": image(1), "right": image(2), "why": "<i>because</i>"}
    example["answers"] = {"prompt": "left"}
    text = page(
        pairwise(5, example=example),
        name="</title><script>alert(2)</script>",
        licences=["images (mine): <script>alert(3)</script>"],
    )
    assert Tags(text).tags.count("script") == 2
    assert not {"b", "i"}.intersection(Tags(text).tags)
    assert "“<bdi>&lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;" in text
    assert [item["prompt"] for item in held(text)["items"]] == list(ODD)
    assert "images (mine): &lt;script&gt;" in text


def test_instructions_say_what_is_asked_and_with_which_keys() -> None:
    both, one = page(pairwise(), name="x"), page(pairwise(2, ("quality",)), name="x")
    assert "Which image shows the words better?</li>" in both
    assert "Which image shows the words better?</li>" not in one
    for said in ("Your consent.", "An example.", "<kbd>Backspace</kbd> undo"):
        assert said in both
    brief = page(realism(brief_seconds=0.5, least_seconds=0.3), name="x")
    assert "for 0.5 seconds" in brief
    assert "after 0.3 seconds of looking" in brief
    assert "left" not in within(brief, "main").partition('id="choice"')[0]


def test_every_part_of_the_script_is_a_file_of_its_room() -> None:
    text = page(pairwise(), name="x")
    assert len(set(SCRIPTS)) == len(SCRIPTS) == 11
    assert "TODO" not in within(text, "script")


def test_a_content_that_lacks_something_is_an_error() -> None:
    content = pairwise()
    del content["slot"]
    with pytest.raises(KeyError, match="slot"):
        page(content, name="x")
    with pytest.raises(KeyError, match="ranking"):
        page(pairwise(kind="ranking"), name="x")
    with pytest.raises(ValueError, match="JSON"):
        page(pairwise(least_seconds=float("nan")), name="x")
