"""The stage `study`: two or more folders of samples as a blind study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.licences import licences_in
from components.preference.export.folder import write_study
from components.preference.export.material import material_of_samples
from components.preference.export.real_images import read_real
from components.preference.export.settings import Settings
from components.runtime import Runtime

REAL = "real"
"""The role of the images that no model made."""


def study(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write a study's folder into ``out``.

    Args:
        spec: ``name`` (the experiment's) and whatever of `Settings` is not as there; ``same_seeds``
            false where rows of one prompt are compared that are of unlike seeds; ``licences`` where
            something is known of the terms of what the models were trained on, a line each.
        inputs: model → its samples, ``baseline`` first, with the same rows in all; ``real``: a
            folder of real images, such as prepared data, whose holdout is taken.
        out: an empty directory.
        runtime: receives the progress.

    Raises:
        AlphabarError: the samples' rows do not match, there are too few of them, or a manifest is
            broken.
    """
    given = {**spec}
    same_seeds = given.pop("same_seeds", True)
    folders = {role: folder for role, folder in inputs.items() if role != REAL}
    theirs = [each.words for folder in folders.values() for each in licences_in(folder)]
    given["licences"] = tuple(dict.fromkeys([*given.get("licences", ()), *theirs]))
    if "questions" in given:
        given["questions"] = tuple(given["questions"])
    material = material_of_samples(folders, same_seeds=same_seeds)
    real = read_real(inputs[REAL]) if REAL in inputs else None
    write_study(material, Settings(**given), real, out, runtime.progress)
