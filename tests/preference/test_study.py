import base64
import csv
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from components.errors import AlphabarError
from components.licences import publish_licences
from components.preference.study import study
from components.runtime import Runtime
from components.spec.catalogue.entries import Licence
from components.spec.licences import Licensed

BASELINE_GREY, FINETUNED_GREY = 60, 180  # as conftest draws the two models
SPEC = {"pairs": 20, "seed": 3, "name": "digits"}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "\"quoted\" 'and' <img src=x onerror=alert(1)>",
    "=cmd()|' /C calc'!A0",
    "line\nbreak \u2028 & more",
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def run(models: dict[str, Path], out: Path, **changes: object) -> Path:
    out.mkdir()
    study(SPEC | changes, models, out, Runtime())
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def content(out: Path) -> dict[str, Any]:
    text = (out / "index.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', text, re.S)
    assert found
    value: dict[str, Any] = json.loads(found[1])
    return value


def maker(png: Path) -> str:
    with Image.open(png) as image:
        middle = (BASELINE_GREY + FINETUNED_GREY) / 2
        return "baseline" if np.asarray(image).mean() < middle else "finetuned"


def test_the_key_tells_who_made_each_image(models: dict[str, Path], tmp_path: Path) -> None:
    out = run(models, tmp_path / "out")
    pairs, key = table(out / "pairs.csv"), table(out / "key.csv")
    assert len(pairs) == 20
    assert [row["pair"] for row in pairs] == [row["pair"] for row in key]
    for pair, sides in zip(pairs, key, strict=True):
        assert maker(out / "images" / pair["left_image"]) == sides["left"]
        assert maker(out / "images" / pair["right_image"]) == sides["right"]
        assert int(pair["seed"]) == 100 + int(pair["index"])
    assert {row["left"] for row in key} == {"baseline", "finetuned"}


def test_the_page_shows_the_same_images_as_the_files(
    models: dict[str, Path], tmp_path: Path
) -> None:
    out = run(models, tmp_path / "out")
    for shown, listed in zip(content(out)["pairs"], table(out / "pairs.csv"), strict=True):
        assert shown["pair"] == listed["pair"]
        for side in ("left", "right"):
            png = base64.b64decode(shown[side].removeprefix("data:image/png;base64,"))
            assert png == (out / "images" / listed[f"{side}_image"]).read_bytes()


def test_nothing_but_the_key_names_a_model(models: dict[str, Path], tmp_path: Path) -> None:
    out = run(models, tmp_path / "out")
    assert sorted(path.name for path in out.iterdir()) == [
        "images",
        "index.html",
        "key.csv",
        "models.json",
        "pairs.csv",
    ]
    told = re.compile("baseline|fine.?tuned", re.IGNORECASE)
    assert told.search((out / "key.csv").read_text())
    assert not told.search((out / "index.html").read_text(encoding="utf-8"))
    assert not told.search((out / "pairs.csv").read_text(encoding="utf-8"))
    for path in (out / "images").iterdir():
        assert re.fullmatch(r"[0-9a-f]{8}-\d{4}-(left|right)\.png", path.name)
        with Image.open(path) as image:
            assert not image.info
    # the page's data is pixels and words only: no field that could carry the side
    assert {frozenset(p) for p in content(out)["pairs"]} == {
        frozenset({"pair", "prompt", "left", "right"})
    }


def test_two_runs_write_the_same_bytes(models: dict[str, Path], tmp_path: Path) -> None:
    one, other = run(models, tmp_path / "one"), run(models, tmp_path / "other")
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) == 4 + 40
    for name in files:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_hostile_captions_are_only_text(sampled: Callable[..., Path], tmp_path: Path) -> None:
    models = {
        name: sampled(tmp_path / name, grey, HOSTILE)
        for name, grey in (("baseline", BASELINE_GREY), ("finetuned", FINETUNED_GREY))
    }
    said = ["images (mine): <script>alert(3)</script>"]
    publish_licences(models["finetuned"], [Licensed("weights (sd)", Licence("<script>MIT"))])
    out = run(models, tmp_path / "out", name="<script>alert(2)</script>", licences=said)
    written = (out / "index.html").read_text(encoding="utf-8")
    assert "images (mine): &lt;script&gt;" in written
    assert "weights (sd): &lt;script&gt;MIT." in written
    tags = Tags()
    tags.feed((out / "index.html").read_text(encoding="utf-8"))
    assert tags.tags.count("script") == 2
    assert "onerror" not in str(tags.tags)
    assert tags.tags.count("img") == 2
    assert {pair["prompt"] for pair in content(out)["pairs"]} == set(HOSTILE)
    captions = {row["caption"] for row in table(out / "pairs.csv")}
    assert "'" + HOSTILE[2] in captions
    assert HOSTILE[2] not in captions


def test_the_page_loads_nothing(models: dict[str, Path], tmp_path: Path) -> None:
    out = run(models, tmp_path / "out")
    text = (out / "index.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.addresses == []
    assert "link" not in tags.tags
    assert not re.search(r"https?://", text)
    assert "default-src 'none'" in text


def test_the_label_is_shown_when_there_is_no_caption(
    models: dict[str, Path], tmp_path: Path
) -> None:
    out = run(models, tmp_path / "out")
    prompts = [pair["prompt"] for pair in content(out)["pairs"]]
    assert prompts == [row["label"] for row in table(out / "pairs.csv")]


def test_models_that_do_not_match_leave_nothing(models: dict[str, Path], tmp_path: Path) -> None:
    path = models["finetuned"] / "samples.csv"
    path.write_text(path.read_text().replace("4,104,", "4,105,"))
    with pytest.raises(AlphabarError, match="do not match at index 4"):
        run(models, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
