"""What tests of exported studies look at."""

import base64
import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from components.preference.study import study
from components.runtime import Runtime

SPEC: dict[str, Any] = {"pairs": 20, "seed": 3, "name": "a title"}


def made(models: dict[str, Path], out: Path, **changes: Any) -> Path:
    """The stage's folder for these models."""
    out.mkdir()
    study(SPEC | changes, models, out, Runtime())
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def content(page: Path) -> dict[str, Any]:
    """What an annotator's page holds."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', text, re.S)
    assert found
    value: dict[str, Any] = json.loads(found[1])
    return value


def shown(uri: str) -> bytes:
    return base64.b64decode(uri.removeprefix("data:image/png;base64,"))


def brightness(png: Path) -> float:
    with Image.open(png) as image:
        return float(np.asarray(image).mean())


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
