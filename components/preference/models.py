"""Whose images a study shows: what a folder of samples says of the model that drew them."""

from pathlib import Path
from typing import Any

from components.files.json_file import read_object
from components.files.manifest import MANIFEST, intact, read_manifest
from components.files.samples import DRAWN_BY

FIELDS = ("sample", "model", "sampling", "registered", "from")


def drawn_by(folder: Path) -> dict[str, Any]:
    """`FIELDS` of a folder of samples: the key of the stage run that drew the images, that of the
    one that made the model, the sampling section, the registered version, the model in words.

    None is what nobody knows.

    Raises:
        AlphabarError: its manifest, or what the command that drew them wrote, is broken.
    """
    known: dict[str, Any] = dict.fromkeys(FIELDS) | {"from": folder.name}
    if (folder / DRAWN_BY).is_file():
        said = read_object(intact(folder / DRAWN_BY), "draw the samples again")
        return known | {name: said.get(name) for name in FIELDS}
    if not (folder / MANIFEST).is_file():
        return known
    manifest = read_manifest(folder)
    try:
        own = {
            "sample": manifest["key"],
            "model": manifest["inputs"]["model"],
            "sampling": dict(manifest["spec"]["sampling"]),
        }
    except (KeyError, TypeError):
        return known  # published, but by no stage that draws with a model
    # a stage's folder is told by its key: where it lies differs from machine to machine
    return known | own | {"from": "a stage `sample`"}
