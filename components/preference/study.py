"""The stage `study`: a page for blind choices between two models, its pairs, and the key."""

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from components.data.grids import as_image
from components.files.samples import SampleRow, read_samples
from components.files.tables import write_csv
from components.licences import licences_in
from components.preference.models import write_models
from components.preference.pairs import draw_pairs, study_id
from components.runtime import Runtime


@dataclass(frozen=True)
class Shown:
    """One pair as the annotator sees it.

    Attributes:
        name: the pair's name: the study's digits and the pair's place.
        row: what both images were asked to be.
        left, right: PNG bytes without metadata.
        key: who made them, as the key file says it.
    """

    name: str
    row: SampleRow
    left: bytes
    right: bytes
    key: tuple[str, str]


def study(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write `index.html`, `pairs.csv`, `images/` and, apart from them, two files into ``out``.

    Those two are for whoever analyses the answers: `key.csv`, who made which image, and
    `models.json`, which two models those are.

    Args:
        spec: ``pairs`` (how many), ``seed`` and ``name`` (the experiment's), ``licences`` where
            something is known of the terms of what the models were trained on, a line each.
        inputs: ``baseline`` and ``finetuned``: sample directories with the same rows; their
            manifests name the models, and they say themselves whose weights those began with.
        out: an empty directory.
        runtime: receives the progress.

    Raises:
        AlphabarError: the directories' rows do not match, or there are too few of them, or a
            manifest is broken.
    """
    shown = _shown(spec, inputs)
    (out / "images").mkdir()
    listed = []
    for done, pair in enumerate(shown):
        runtime.progress(done, len(shown), "pairs")
        files = {"left_image": f"{pair.name}-left.png", "right_image": f"{pair.name}-right.png"}
        (out / "images" / files["left_image"]).write_bytes(pair.left)
        (out / "images" / files["right_image"]).write_bytes(pair.right)
        row = pair.row
        asked = {"index": row.index, "seed": row.seed, "label": row.label, "caption": row.caption}
        listed.append({"pair": pair.name} | asked | files)
    write_csv(out / "pairs.csv", listed)
    write_csv(
        out / "key.csv", [{"pair": p.name, "left": p.key[0], "right": p.key[1]} for p in shown]
    )
    write_models(inputs, out)
    theirs = [each.words for folder in inputs.values() for each in licences_in(folder)]
    licences = list(dict.fromkeys([*spec.get("licences", ()), *theirs]))
    (out / "index.html").write_text(page(spec["name"], shown, licences), encoding="utf-8")
    runtime.progress(len(shown), len(shown), "study")


def page(name: str, shown: Sequence[Shown], licences: Sequence[str] = ()) -> str:
    """The annotator's page: all in one file, and no part of it knows the key.

    Args:
        licences: of what the models were trained on, a line each.
    """
    here = Path(__file__).parent
    script = (here / "study.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here), autoescape=True, undefined=jinja2.StrictUndefined
    )
    pairs = [
        {
            "pair": pair.name,
            "prompt": pair.row.caption or pair.row.label,
            "left": _data_uri(pair.left),
            "right": _data_uri(pair.right),
        }
        for pair in shown
    ]
    return environment.get_template("study.html").render(
        name=name,
        licences=licences,
        # the identity is the shown images': it says nothing that they do not
        content={"study": study_id([i for p in shown for i in (p.left, p.right)]), "pairs": pairs},
        css=Markup((here / "study.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_digest=digest,
    )


def _shown(spec: Mapping[str, Any], inputs: Mapping[str, Path]) -> list[Shown]:
    baseline, finetuned = read_samples(inputs["baseline"]), read_samples(inputs["finetuned"])
    pairs = draw_pairs(baseline, finetuned, spec["pairs"], spec["seed"])
    sides = []
    for pair in pairs:
        made = [
            ("baseline", _png(baseline.images[pair.position])),
            ("finetuned", _png(finetuned.images[pair.position])),
        ]
        sides.append(made if pair.baseline_left else made[::-1])
    prefix = study_id([png for made in sides for _, png in made])
    return [
        Shown(
            f"{prefix}-{place:04d}",
            baseline.rows[pair.position],
            left[1],
            right[1],
            (left[0], right[0]),
        )
        for place, (pair, (left, right)) in enumerate(zip(pairs, sides, strict=True), start=1)
    ]


def _png(image: np.ndarray) -> bytes:
    """PNG of one uint8 (height, width, channel) image: pixels, no metadata."""
    buffer = io.BytesIO()
    as_image(image).save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
