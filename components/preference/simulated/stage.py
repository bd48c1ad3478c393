"""The stage `answers`: simulated annotators with a stated taste answer a study."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from components.errors import AlphabarError
from components.files.manifest import intact
from components.files.tables import write_csv
from components.preference.analysis.decided import FOLDER as DECIDED
from components.preference.analysis.decided import write_decided
from components.preference.analysis.made import of_question
from components.preference.analysis.opened import Study, open_study
from components.preference.analysis.tallies import tallies
from components.preference.analysis.written import decided_question
from components.preference.answers.checked import word_of
from components.preference.answers.imported import Imported, import_answers
from components.preference.answers.row import SIGNED, row_digest
from components.preference.design.key import Key
from components.preference.simulated.people import Answered, Liking, answers_of
from components.preference.simulated.tastes import measured
from components.preference.statistics.minds import Population
from components.runtime import Runtime
from components.spec.sections.simulate import SimulateSpec


def answers(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write what they answered into ``out``, and the table of the pairs that they decided.

    ``answers/`` is what a study's folder has after `alphabar study import` of the files that the
    study's page would give; ``decided/`` is as `alphabar study analyze` writes it.

    Args:
        spec: ``simulate``, as `SimulateSpec` has it.
        inputs: ``study``: the folder of a study that is marked as simulated.
        out: an empty directory.
        runtime: receives the progress.

    Raises:
        AlphabarError: the study is not marked, its folder is broken, or its images are all alike
            to that taste.
    """
    study = open_study(inputs["study"])
    if not study.about.simulated:
        raise AlphabarError(
            f"the study in {study.folder} is one for people",
            "simulated annotators answer studies only that are marked so: give `study.simulate`",
        )
    simulate = SimulateSpec.model_validate(spec["simulate"])
    population = Population(
        prompt_sd=0.0,
        person_sd=0.5,
        cell_sd=0.5,
        tie=simulate.ties,
        clickers=simulate.clickers,
    )
    liking = _liking(simulate, study, runtime)
    try:
        found = answers_of(study.key, liking, population, simulate.seed)
    except ValueError as error:
        raise AlphabarError(f"{study.folder}: {error}", "give `kind: pairwise`") from None
    imported = _imported(study, found, out)
    question = decided_question(study.about)
    (out / DECIDED).mkdir()
    asked = of_question(imported.counted, question)
    write_decided(out / DECIDED, study, tallies(asked, question, study.key))


def _imported(study: Study, found: Sequence[Answered], out: Path) -> Imported:
    """The answers, as if they had come from the page in a file each."""
    own: dict[int, list[Answered]] = {slot: [] for slot in range(study.about.people)}
    for each in found:
        own[each.slot].append(each)
    with TemporaryDirectory() as place:
        files = []
        for slot, answered in own.items():
            files.append(Path(place) / f"annotator-{slot + 1:02d}.csv")
            write_csv(files[-1], _rows(answered, study.key))
        imported = import_answers(out, files, study.key)
    assert not imported.refused, imported.refused[:3]
    return imported


def _liking(simulate: SimulateSpec, study: Study, runtime: Runtime) -> Liking:
    """How much the taste likes each image: its measure in standard deviations among the images of
    one model, times the strength; by `candidate` 1 for whatever the baseline did not draw."""
    values: dict[tuple[str, str], float] = {}
    pairs, baseline = study.key.pairs, study.about.models[0]
    for done, (pair, each) in enumerate(pairs.items()):
        runtime.progress(done, len(pairs), "pairs")
        for model, file in each.files.items():
            if simulate.taste == "candidate":
                values[pair, model] = float(model != baseline)
            else:
                with Image.open(intact(study.folder / file)) as image:
                    values[pair, model] = measured(simulate.taste, np.asarray(image.convert("RGB")))
    spread = 1.0 if simulate.taste == "candidate" else _spread(values)
    if spread == 0.0:
        raise AlphabarError(
            f"all images of a model have the same {simulate.taste}: nobody can prefer one",
            "give another `study.simulate.taste`; grey images have no saturation",
        )
    return {where: simulate.strength * value / spread for where, value in values.items()}


def _spread(values: Mapping[tuple[str, str], float]) -> float:
    """The standard deviation among the images of one model, all models taken together."""
    of_model: dict[str, list[float]] = {}
    for (_, model), value in values.items():
        of_model.setdefault(model, []).append(value)
    return float(np.sqrt(np.mean([np.var(each) for each in of_model.values()])))


def _rows(own: Sequence[Answered], key: Key) -> list[dict[str, str]]:
    """A table in the page's version 2: every question has the same answer."""
    rows = []
    for each in own:
        for question in key.questions:
            texts = (
                key.study,
                each.item,
                question,
                word_of(each.answer, key.kind),
                f"simulated-{each.slot + 1:02d}",
                f"{each.seconds:.1f}",
                str(each.place),
            )
            named = dict(zip(SIGNED, texts, strict=True))
            rows.append({**named, "digest": row_digest(texts)})
    return rows
