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
    return _png(
        np.stack([checks * shade, (1 - checks) * 200, np.full_like(checks, shade)], -1) / 255
    )


def _png(pixels: np.ndarray) -> str:
    """A data: URI of pixels from 0 to 1."""
    buffer = io.BytesIO()
    Image.fromarray((pixels.clip(0, 1) * 255).round().astype(np.uint8)).save(buffer, format="PNG")
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


def digits() -> Any:
    """A content that shows what a study looks like: digits as people wrote them, and blurred."""
    from scipy.ndimage import gaussian_filter
    from sklearn.datasets import load_digits

    drawn = load_digits().images / 16
    content = pairwise(3)
    for item, place, word in zip(
        content["items"], (3, 5, 8), ("three", "five", "eight"), strict=True
    ):
        noise = np.random.default_rng(place).normal(0, 0.25, (8, 8))
        item["prompt"] = f"a handwritten {word}"
        item["left"] = _png(drawn[place])
        item["right"] = _png(gaussian_filter(drawn[place] + noise, 0.5))
    return content


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
