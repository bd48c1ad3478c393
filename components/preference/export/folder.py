"""A study's folder: everything that annotators get, and the key apart from it."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from components.errors import AlphabarError
from components.files.digests import file_sha256
from components.preference.about import KEY, About, write_about
from components.preference.design.design import Design, draw_design
from components.preference.design.key import Key, PairAbout, key_of, pair_name, write_key
from components.preference.export.drawn import Drawn, Looked, drawn
from components.preference.export.image_files import Files, write_images
from components.preference.export.label_studio import write_label_studio
from components.preference.export.material import Material, Pictures
from components.preference.export.mturk import write_mturk
from components.preference.export.pages import write_pages
from components.preference.export.settings import Settings
from components.preference.export.tasks import tasks_of, write_tasks
from components.runtime import Progress

STUDY_DIGITS = 12
"""Hexadecimal digits of a study's identity."""

WORDLESS = "the images were asked for nothing in words, so that nobody is asked which shows them"


def write_study(
    material: Material, settings: Settings, real: Pictures | None, out: Path, progress: Progress
) -> About:
    """Write a study into the empty folder ``out``; the same material and settings always give the
    same bytes.

    Args:
        real: real images for attention checks and `realism`; None where there are none.

    Returns:
        What the study is.

    Raises:
        AlphabarError: no study can be made of this, as the message says.
    """
    size = settings.size(list(material.images))
    asked, notes = _questions(settings, material)
    salt = material.digest()
    design = draw_design(size, settings.seed, salt)
    secret = hmac.new(salt, f"study files {settings.seed}".encode(), hashlib.sha256).digest()
    found = drawn(design, material, real, secret)
    looked = Looked(found, material, real, secret)
    files = write_images(looked, size, secret, out, progress)
    digests = {file: file_sha256(out / file) for own in files.values() for file in own.values()}
    tasks = tasks_of(design, found, files)
    told = [[t.item, t.prompt, digests[t.left], digests.get(t.right)] for t in tasks]
    of: list[object] = [settings.kind, asked, told]
    if settings.simulated:  # no answer of a person's is ever taken for one of theirs
        of.append("simulated")
    content = json.dumps(of, sort_keys=True).encode()
    # keyed, so that it says nothing of what it is made of
    study = hmac.new(secret, content, hashlib.sha256).hexdigest()[:STUDY_DIGITS]
    about = _about(settings, design, asked, study, (*material.notes, *notes, *found.notes))
    write_about(out, about)
    write_key(out / KEY, _key(design, about, found, files, digests, material))
    write_tasks(out, study, tasks)
    write_label_studio(out, study, about.kind, asked, tasks, settings.images_url)
    write_mturk(out, study, about.kind, asked, tasks, settings.images_url)
    write_pages(out, about, tasks, progress)
    return about


def _questions(settings: Settings, material: Material) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """What is asked; of images that were asked for nothing in words, only how they look."""
    asked = dict(settings.asked())
    if "prompt" not in asked or any(row.prompt for row in material.asked):
        return asked, ()
    if len(asked) == 1:
        raise AlphabarError(WORDLESS, "ask `quality`")
    del asked["prompt"]
    return asked, (WORDLESS,)


def _about(
    settings: Settings,
    design: Design,
    asked: Mapping[str, str],
    study: str,
    notes: tuple[str, ...],
) -> About:
    size = design.size
    return About(
        study=study,
        name=settings.name,
        kind=size.kind,
        questions=asked,
        models=size.models,
        pairs=size.pairs,
        people=size.people,
        raters=size.raters,
        repeats=size.repeats,
        checks=size.checks,
        seed=settings.seed,
        least_seconds=settings.least_seconds,
        brief_seconds=settings.brief_seconds,
        licences=settings.licences,
        simulated=settings.simulated,
        notes=notes,
    )


def _key(
    design: Design,
    about: About,
    found: Drawn,
    files: Files,
    digests: Mapping[str, str],
    material: Material,
) -> Key:
    size = design.size
    rows = [found.asked[pair] for pair in range(size.pairs)]
    key = key_of(
        design,
        about.study,
        list(about.questions),
        [row.prompt for row in rows],
        [row.told_group for row in rows],
    )
    pairs = {
        pair_name(pair, size): PairAbout(
            row.seed, files[pair], {name: digests[file] for name, file in files[pair].items()}
        )
        for pair, row in enumerate(rows)
    }
    return replace(key, pairs=pairs, models=material.models)
