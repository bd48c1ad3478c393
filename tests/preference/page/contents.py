"""Small studies as a page gets them, and the key that their answers are read with."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from components.preference.about import QUESTIONS, REALISM
from components.preference.design.key import Item, Key

ODD = (
    "<b>bold</b> & <script>alert(1)</script>",
    "\"double\" 'single' “curly” `back`",
    "قطة حمراء فوق مربع أزرق",
    "👩\u200d🚀 a cat 🐈",
    "=1+1\nand a second line \u2028 &amp;",
)
"""Prompts that are no plain words."""


def image(shade: int, side: int = 32) -> str:
    """A data: URI of a checked PNG."""
    checks = np.indices((side, side)).sum(0) // 4 % 2
    pixels = np.stack([checks * shade, (1 - checks) * 200, np.full_like(checks, shade)], -1)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def pairwise(count: int = 3, questions: Sequence[str] = tuple(QUESTIONS), **more: Any) -> Any:
    """A content with ``count`` pairs."""
    items = [
        {
            "item": f"{k:020x}",
            "prompt": ODD[(k - 1) % len(ODD)],
            "left": image(10 * k),
            "right": image(250 - 10 * k),
        }
        for k in range(1, count + 1)
    ]
    asked = [{"id": name, "text": QUESTIONS[name]} for name in questions]
    return _content("pairwise", asked, items) | more


def realism(count: int = 3, **more: Any) -> Any:
    """A content with ``count`` images."""
    items = [
        {"item": f"{k:020x}", "prompt": "", "left": image(10 * k), "right": None}
        for k in range(1, count + 1)
    ]
    asked = [{"id": name, "text": words} for name, words in REALISM.items()]
    return _content("realism", asked, items) | more


def key_for(content: Any) -> Key:
    """A key with the items of a content, each of a pair of its own."""
    right = "generated" if content["kind"] == "realism" else "new"
    items = {
        each["item"]: Item(f"{k:02d}", "old", right) for k, each in enumerate(content["items"])
    }
    asked = tuple(question["id"] for question in content["questions"])
    return Key(content["study"], content["kind"], asked, items)


def _content(kind: str, questions: list[Any], items: list[Any]) -> dict[str, Any]:
    return {
        "version": 2,
        "study": "c0ffee12",
        "name": "digits",
        "slot": 7,
        "kind": kind,
        "questions": questions,
        "least_seconds": 0,
        "brief_seconds": 0,
        "items": items,
        "example": None,
        "server": None,
    }
