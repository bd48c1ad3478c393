"""A small study's folder as the export leaves it, a server of it, and a client that speaks HTTP."""

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from components.files.new_folder import seal_folder
from components.preference.about import QUESTIONS, REALISM, About, write_about
from components.preference.design.design import draw_design
from components.preference.design.key import Key, PairAbout, key_of, write_key
from components.preference.design.size import Kind, Size
from components.preference.page.page import page

ROOT = Path(__file__).parents[3]
STUDY = "0a1b2c3d4e5f"


@cache
def png(seed: int) -> bytes:
    """A coloured square without metadata."""
    colour = np.random.default_rng(seed).integers(0, 256, 3)
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), colour, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def write_study(folder: Path, size: Size, *, whole: bool = True) -> Key:
    """A study as it is exported, without what is of no use to a server.

    Args:
        whole: write the pages themselves, not only what is read of them.
    """
    name = "A <study> of “digits”"
    folder.mkdir(parents=True)
    questions = QUESTIONS if size.kind == "pairwise" else REALISM
    design = draw_design(size, 3, b"salt")
    texts = [f"the digit {pair % 10} <b>&amp; ‏שלום" for pair in range(size.pairs)]
    key = key_of(design, STUDY, list(questions), texts, ["digits"] * size.pairs)
    images = {
        (item.pair, model): png(
            int.from_bytes(hashlib.sha256(f"{item.pair}{model}".encode()).digest()[:1])
        )
        for item in key.items.values()
        for model in (item.left, item.right)
    }
    checks = {item.pair for item in key.items.values() if item.kind == "check"}
    (folder / "images").mkdir()
    files: dict[str, dict[str, str]] = {}
    for (pair, model), content in images.items():
        file = f"images/{hashlib.sha256(f'secret {pair} {model}'.encode()).hexdigest()[:24]}.png"
        (folder / file).write_bytes(content)
        if pair not in checks:
            files.setdefault(pair, {})[model] = file
    pairs = {pair: PairAbout(100, of, {}) for pair, of in files.items()}
    key = replace(key, pairs=pairs, models={model: {} for model in size.models})
    write_key(folder / "key.json", key)
    about = About(
        STUDY, name, size.kind, questions, size.models, size.pairs, size.people, size.raters,
        size.repeats, size.checks, 3, least_seconds=0.0,
    )  # fmt: skip
    write_about(folder, about)
    for slot in range(size.people):
        rows = design.of_slot(slot)
        items = [
            {
                "item": row.item,
                "prompt": key.items[row.item].prompt,
                "left": _uri(images[key.items[row.item].pair, row.left]),
                "right": _uri(images[key.items[row.item].pair, row.right]) if row.right else None,
            }
            for row in rows
        ]
        content = {
            "version": 2, "study": STUDY, "name": name, "slot": slot + 1, "kind": size.kind,
            "questions": [{"id": key, "text": text} for key, text in questions.items()],
            "least_seconds": 0.0, "brief_seconds": 0, "items": items, "example": None,
            "server": None,
        }  # fmt: skip
        text = json.dumps(content).replace("<", r"\u003c")
        text = f'<script type="application/json" id="content">{text}</script>'
        text = page(content, name=name) if whole else text
        (folder / f"annotator-{slot + 1:02d}.html").write_text(text, encoding="utf-8")
    seal_folder(folder, {"command": "study export"})
    return key


def _uri(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def small(kind: Kind = "pairwise") -> Size:
    """Two models, six pairs, three people who judge each."""
    return Size(("old", "new"), 6, 3, 3, kind=kind)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The folder of a small study."""
    write_study(tmp_path / "study", small())
    return tmp_path / "study"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Server:
    """`alphabar study serve` as a process.

    Attributes:
        folder: the study's.
        port: where it listens.
        process: its own.
        told: what it printed with --json.
    """

    folder: Path
    port: int
    process: subprocess.Popen[str]
    told: dict[str, Any]

    def __post_init__(self) -> None:
        self.links: list[str] = [each["link"] for each in self.told["annotators"]]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def start(folder: Path, port: int, *more: str) -> Server:
    """A server that has printed its links, so that it listens."""
    process = launch(folder, port, *more)
    assert process.stdout is not None
    lines = []
    while not lines or lines[-1] != "}\n":
        lines.append(process.stdout.readline())
        if not lines[-1]:
            raise AssertionError(f"no server: {process.stderr.read() if process.stderr else ''}")
    told = json.loads("".join(lines))
    assert "error" not in told, told
    return Server(folder, port, process, told)


def launch(folder: Path, port: int, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from flows.cli import main; main()", "study", "serve"]
    command += [str(folder), "--port", str(port), "--json", *more]
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=folder.parent, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heard,
    )  # fmt: skip


def heard() -> None:
    """Whoever starts the tests in the background hands an ignored Ctrl-C on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def server(study: Path) -> Iterator[Server]:
    """A server of the small study."""
    found = start(study, free_port())
    yield found
    with contextlib.suppress(ProcessLookupError):
        found.kill()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for a whole file of tests, each of which takes links of its own."""
    folder = tmp_path_factory.mktemp("shared") / "study"
    write_study(folder, Size(("old", "new"), 12, 24, 2))
    found = start(folder, free_port())
    yield found
    found.kill()
    for stream in (found.process.stdout, found.process.stderr):
        assert stream is not None
        assert "Traceback" not in stream.read()


@pytest.fixture
def annotator(shared: Server) -> Iterator["Annotator"]:
    """Somebody with a link that nobody else has used."""
    link = shared.links.pop()
    found = Annotator(link)
    yield found
    found.client.close()


def content_of(text: str) -> dict[str, Any]:
    """The content of a page."""
    found = re.search(r'id="content">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


class Annotator:
    """Somebody who has opened a link."""

    def __init__(self, link: str, name: str = "anna") -> None:
        self.link, self.name = httpx.URL(link), name
        self.client = httpx.Client(base_url=self.link.copy_with(path="/"), timeout=20)
        self.content = self.open()
        self.count = 0

    def open(self) -> dict[str, Any]:
        found = self.client.get(self.link)
        assert found.status_code == 200, found.text
        return content_of(found.text)

    @property
    def state(self) -> dict[str, Any]:
        return self.open()["server"]["state"]

    @property
    def items(self) -> list[str]:
        return [each["item"] for each in self.content["items"]]

    def message(self, place: int = 1, revision: int | None = None, **other: Any) -> dict[str, Any]:
        """An answer to the item at a place, from 1."""
        self.count += 1
        questions = [each["id"] for each in self.content["questions"]]
        known = self.content["server"]["state"]["revision"]
        word = "left" if self.content["kind"] == "pairwise" else "real"
        return {
            "id": f"message-{id(self)}-{self.count}",
            "revision": known if revision is None else revision,
            "annotator": self.name,
            "item": self.items[place - 1],
            "answers": dict.fromkeys(questions, word),
            "seconds": 1.5,
            "place": place,
            "when": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        } | other  # fmt: skip

    def post(self, message: Any, **headers: str) -> httpx.Response:
        server = self.content["server"]
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        given = {"x-csrf-token": server["csrf"], "content-type": "application/json"} | headers
        return self.client.post(server["answers"], content=body, headers=given)
