"""Small studies in their folders, and files of answers to them as the page gives them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from components.files.new_folder import seal_folder
from components.files.tables import csv_lines
from components.preference.about import KEY, QUESTIONS, REALISM, About, write_about
from components.preference.analysis.opened import Study, open_study
from components.preference.answers.row import SIGNED, row_digest
from components.preference.design.design import draw_design
from components.preference.design.key import Item, Key, PairAbout, key_of, write_key
from components.preference.design.size import Kind, Size

ID = "ab12cd34"
Says = Callable[[Item, str, int], str]
"""What somebody says to an item: the item, the question, the slot."""


def build(
    folder: Path,
    models: Sequence[str] = ("old", "new"),
    *,
    pairs: int = 12,
    people: int = 4,
    raters: int = 2,
    kind: Kind = "pairwise",
    name: str = "foxes",
    simulated: bool = False,
    prompts: Sequence[str] = (),
    known: Mapping[str, Mapping[str, Any]] | None = None,
) -> Study:
    """A study with 4-pixel images, the first model's dark."""
    (folder / "images").mkdir(parents=True)
    design = draw_design(Size(tuple(models), pairs, people, raters, kind=kind), 1, b"salt")
    asked = QUESTIONS if kind == "pairwise" else REALISM
    prompts = prompts or [f"a fox {number}" for number in range(pairs)]
    groups = [("animals", "faces")[number % 2] for number in range(pairs)]
    key = key_of(design, ID, tuple(asked), prompts, groups)
    shown: dict[str, set[str]] = {}
    for item in key.items.values():
        if item.kind != "check":
            shown.setdefault(item.pair, set()).update({item.left, item.right} - {"generated"})
    abouts = {pair: _about(folder, pair, of, models[0]) for pair, of in shown.items()}
    key = replace(key, pairs=abouts, models=dict(known or {}))
    write_key(folder / KEY, key)
    sizes = (pairs, people, raters, 6, 6, 1)
    about = About(ID, name, kind, asked, tuple(models), *sizes, simulated=simulated)
    write_about(folder, about)
    seal_folder(folder, {"command": "study export"})
    return open_study(folder)


def _about(folder: Path, pair: str, models: set[str], dark: str) -> PairAbout:
    files = {}
    for model in sorted(models):
        shade = 20 if model == dark else 200
        file = f"images/{hashlib.sha256(f'{pair}{model}'.encode()).hexdigest()[:20]}.png"
        Image.fromarray(np.full((4, 4, 3), shade, np.uint8)).save(folder / file)
        files[model] = file
    digests = {m: hashlib.sha256((folder / f).read_bytes()).hexdigest() for m, f in files.items()}
    return PairAbout(int(pair), files, digests)


def for_model(model: str) -> Says:
    """Always for that model where it is shown, else a tie; checks are passed."""

    def says(item: Item, question: str, slot: int) -> str:
        if item.expected is not None:
            return "left" if int(item.expected) == 0 else "right"
        if model not in (item.left, item.right):
            return "tie"
        return "left" if item.left == model else "right"

    return says


def always(word: str) -> Says:
    """The same to everything but checks, which are passed."""
    return lambda item, question, slot: (
        word if item.expected is None else for_model("")(item, "", 0)
    )


def leaning(model: str, often: int) -> Says:
    """For that model, but for every ``often``-th pair of a person's."""

    def says(item: Item, question: str, slot: int) -> str:
        said = for_model(model)(item, question, slot)
        if item.expected is None and (int(item.pair) + slot) % often == 0:
            return {"left": "right", "right": "left"}.get(said, said)
        return said

    return says


def answered(
    study: Study, folder: Path, says: Says, slots: Sequence[int] = (), names: Sequence[str] = ()
) -> list[Path]:
    """A file of each slot's answers to all of its items; all slots unless given."""
    folder.mkdir(exist_ok=True)
    slots = slots or range(study.about.people)
    files = []
    for slot in slots:
        name = names[slot] if names else f"person-{slot}"
        path = folder / f"answers-{slot:02d}.csv"
        path.write_text("".join(_lines(study.key, slot, name, says)))
        files.append(path)
    return files


def _lines(key: Key, slot: int, name: str, says: Says) -> list[str]:
    lines = [",".join((*SIGNED, "digest")) + "\n"]
    place = 0
    for item, about in key.items.items():
        if about.slot != slot:
            continue
        place += 1
        for question in key.questions:
            said = says(about, question, slot)
            texts = (key.study, item, question, said, name, f"{3 + place / 10:.1f}", str(place))
            lines += csv_lines([[*texts, row_digest(texts)]])
    return lines
