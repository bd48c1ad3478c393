"""How a model in the store was drawn when it was judged: what it is drawn with unless asked
otherwise, where it brings no settings of its own."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.manifest import MANIFEST, read_manifest


@dataclass(frozen=True)
class JudgedWith:
    """The settings of one of a model's cells.

    Attributes:
        sampling: the section.
        guide: the directory of the weaker model that it asks for; None where it asks for none, or
            that is gone.
        words: whose settings these are.
    """

    sampling: dict[str, Any]
    guide: Path | None
    words: str


def judged_with(model: Path) -> JudgedWith | None:
    """The settings under which the stages `sample` drew from a model of the store; of several those
    with the best figure. None where there are none."""
    store = model.resolve().parent.parent
    with contextlib.suppress(AlphabarError, OSError):
        key = read_manifest(model).get("key")
        drawn = {
            str(each["key"]): each
            for each in _manifests(store / "sample")
            if key and each.get("inputs", {}).get("model") == key
        }
        if not drawn:
            return None
        ways = {json.dumps(each["spec"]["sampling"], sort_keys=True) for each in drawn.values()}
        chosen = next(iter(drawn)) if len(ways) == 1 else _best(store, drawn)
        manifest, guide = drawn[chosen], drawn[chosen]["inputs"].get("guide")
        folders = sorted(store.glob(f"*/{guide}")) if guide else []
        several = f", the best of {len(ways)} ways" if len(ways) > 1 else ""
        words = f"the settings that it was judged with (sample/{chosen[:12]}{several})"
        return JudgedWith(manifest["spec"]["sampling"], next(iter(folders), None), words)
    return None


def _best(store: Path, drawn: dict[str, dict[str, Any]]) -> str:
    """Which samples have the best figure that ranks; the first where none is evaluated."""
    from components.figures.figure import main_metric, sign
    from components.figures.record import read_judgement

    figures = {}
    for each in _manifests(store / "evaluate"):
        samples = each.get("inputs", {}).get("samples")
        if samples in drawn and samples not in figures:
            found = read_judgement(store / "evaluate" / each["key"]).figures
            if (metric := main_metric(found)) and found[metric].finite:
                figures[samples] = sign(metric) * found[metric].value
    return min(figures, key=lambda key: figures[key], default=next(iter(drawn)))


def _manifests(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob(f"*/{MANIFEST}")):
        with contextlib.suppress(AlphabarError, OSError):
            yield read_manifest(path.parent)
