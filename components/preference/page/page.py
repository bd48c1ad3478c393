"""The page of one annotator's slot: one file that opens from disk or is served, and loads nothing.

It shows a study's items in their order and takes the answers. With `server` in its content these
go to a server one by one; without, they end in a file that `answers.imported` reads.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

SCRIPTS = (
    *("content.js", "state.js", "name.js", "sha256.js", "table.js", "file.js", "server.js"),
    *("looking.js", "zoom.js", "questions.js", "page.js"),
)
"""The page's script: each part is one concept and uses only those before it."""

HEADER = ("version", "study", "name", "slot", "kind", "questions", "least_seconds", "brief_seconds")
ITEM = ("item", "prompt", "left", "right")
EXAMPLE = ("prompt", "left", "right", "answers", "why")

ANSWERS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "pairwise": (
        ("left", "Left", "←"),
        ("tie", "Tie", "↓"),
        ("both bad", "Both bad", "↑"),
        ("right", "Right", "→"),
    ),
    "realism": (("real", "Real", "←"), ("generated", "Generated", "→")),
}
"""What can be said, by the study's kind: the answer as the file has it, its label and its key."""


def page(
    content: Mapping[str, Any],
    *,
    name: str,
    licences: Sequence[str] = (),
    nonce: str | None = None,
) -> str:
    """The annotator's page as HTML.

    Args:
        content: ``version`` 2, ``study`` (its identity), ``name``, ``slot`` (from 1), ``kind``
            (pairwise, realism), ``questions`` (one or two of ``id`` and ``text``),
            ``least_seconds``, ``brief_seconds`` (0: an image stays), ``items`` (each ``item``,
            ``prompt``, ``left`` and ``right``, images as data: URIs or addresses; ``right`` None
            where one image is shown), ``example`` and ``server`` (both may be None or missing).
            The example has ``prompt``, ``left``, ``right``, ``answers`` (question → answer) and
            ``why``, a sentence; a pairwise page without one draws its own. The server has
            ``answers`` (the address to post to), ``csrf`` and ``state`` (``annotator``,
            ``revision``, ``answers``). No other field reaches the page.
        name: the study's title.
        licences: of what the models were trained on, a line each.
        nonce: of the policy that a server sends with the page; where None the page holds a policy
            of its own, which allows its script, its styles and data: images, and no network.

    Raises:
        KeyError: ``content`` lacks a field, or its kind is unknown.
        ValueError: a number of it is not finite.
    """
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False}
    css = _text(here / "page.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_text(here / n) for n in SCRIPTS) + "})();\n"
    return environment.get_template("page.html").render(
        name=name,
        licences=licences,
        nonce=nonce,
        content=shown(content),
        answers=ANSWERS[content["kind"]],
        css=Markup(css),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        css_digest=_digest(css),
        script_digest=_digest(script),
    )


def shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """What of a content the page holds: the fields that it needs, whatever else was given."""
    example = content.get("example")
    server = content.get("server")
    return {
        **{field: content[field] for field in HEADER},
        "items": [{field: item[field] for field in ITEM} for item in content["items"]],
        "example": example and {field: example.get(field) for field in EXAMPLE},
        "server": server and {field: server[field] for field in ("answers", "csrf", "state")},
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """As a content security policy names what it allows."""
    return b64encode(sha256(text.encode()).digest()).decode("ascii")
