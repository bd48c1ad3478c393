"""The stage `answers`: simulated annotators with a stated taste answer a study."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from components.errors import AlphabarError
from components.files.manifest import intact
from components.files.tables import write_csv
from components.preference.about import KEY, About, read_about
from components.preference.answers.row import SIGNED, row_digest
from components.preference.design.key import Key, read_key
from components.preference.simulated.people import Answered, Liking, answers_of
from components.preference.simulated.tastes import measured
from components.preference.statistics.choices import Outcome
from components.preference.statistics.minds import Population
from components.runtime import Runtime
from components.spec.sections.simulate import SimulateSpec

FOLDER = "answers"

WORDS = {
    Outcome.LEFT: "left",
    Outcome.RIGHT: "right",
    Outcome.TIE: "tie",
    Outcome.BOTH_BAD: "both bad",
}


def answers(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write ``answers/annotator-NN.csv``, files as the study's page gives them, into ``out``.

    Args:
        spec: ``simulate``, as `SimulateSpec` has it.
        inputs: ``study``: the folder of a study that is marked as simulated.
        out: an empty directory.
        runtime: receives the progress.

    Raises:
        AlphabarError: the study is not marked, its folder is broken, or its images are all alike
            to that taste.
    """
    study = inputs["study"]
    about, key = read_about(study), read_key(intact(study / KEY))
    if not about.simulated:
        raise AlphabarError(
            f"the study in {study} is one for people",
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
    liking = _liking(simulate, about, key, study, runtime)
    try:
        found = answers_of(key, liking, population, simulate.seed)
    except ValueError as error:
        raise AlphabarError(f"the study in {study}: {error}", "give `kind: pairwise`") from None
    (out / FOLDER).mkdir()
    for slot in range(about.people):
        own = [each for each in found if each.slot == slot]
        write_csv(out / FOLDER / f"annotator-{slot + 1:02d}.csv", _rows(own, key))


def _liking(
    simulate: SimulateSpec, about: About, key: Key, study: Path, runtime: Runtime
) -> Liking:
    """How much more the taste likes an image than the others of its pair, in units of the usual
    difference (root mean square over all pairs), times the strength."""
    values: dict[tuple[str, str], float] = {}
    for done, (pair, each) in enumerate(key.pairs.items()):
        runtime.progress(done, len(key.pairs), "pairs")
        for model, file in each.files.items():
            if simulate.taste == "candidate":
                values[pair, model] = float(model != about.models[0])
            else:
                with Image.open(intact(study / file)) as image:
                    values[pair, model] = measured(simulate.taste, np.asarray(image.convert("RGB")))
    apart = np.array(_differences(values))
    usual = float(np.sqrt(np.mean(apart**2))) if len(apart) else 0.0
    if usual == 0.0:
        raise AlphabarError(
            f"the two images of every pair have the same {simulate.taste}: nobody can prefer one",
            "give another `study.simulate.taste`; grey images have no saturation",
        )
    return {where: simulate.strength * value / usual for where, value in values.items()}


def _differences(values: Mapping[tuple[str, str], float]) -> Sequence[float]:
    """Of every two images of each pair."""
    by_pair: dict[str, list[float]] = {}
    for (pair, _), value in values.items():
        by_pair.setdefault(pair, []).append(value)
    return [a - b for each in by_pair.values() for i, a in enumerate(each) for b in each[:i]]


def _rows(own: Sequence[Answered], key: Key) -> list[dict[str, str]]:
    """A table in the page's version 2: every question has the same answer."""
    rows = []
    for each in own:
        for question in key.questions:
            texts = (
                key.study,
                each.item,
                question,
                WORDS[each.answer],
                f"simulated-{each.slot + 1:02d}",
                f"{each.seconds:.1f}",
                str(each.place),
            )
            named = dict(zip(SIGNED, texts, strict=True))
            rows.append({**named, "digest": row_digest(texts)})
    return rows
