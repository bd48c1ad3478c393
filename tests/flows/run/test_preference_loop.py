"""One run does a study, a training on what was chosen in it, and a second study."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from components.preference.about import read_about
from components.spec.loading import parse_experiment
from components.tracking import connect
from flows.run.experiment import ExperimentRun
from flows.run.finished import finished_outcome
from flows.run.results import Outcome
from flows.run.studies import study_words
from flows.run.verification import checked_plan
from flows.workspace import Workspace
from tests.finetuning.test_finetune import baseline
from tests.flows.run.test_based import OURS

SIMULATE = {"taste": "brightness", "strength": 6.0, "clickers": 0.0}
LOOP: dict[str, Any] = OURS | {
    "name": "loop",
    "data": {"source": "digits", "size": 8},
    "finetune": {
        "base": "model",
        "kind": "dpo",
        "preferences": "drawn",
        "preference_pairs": 12,
        "steps": 2,
        "batch_size": 4,
    },
    "study": {"pairs": 8, "raters": 2, "people": 3, "simulate": SIMULATE},
    "registry": {"finetuned": "liked"},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> Path:
    root = tmp_path_factory.mktemp("loop")
    shutil.copytree(fetched / "data", root / "data")
    shutil.copy(fetched / "data.dvc", root)
    baseline(root / "model")
    return root


def run(values: dict[str, Any], place: Workspace) -> Outcome:
    plan = checked_plan(parse_experiment(values, "the test"), place)
    return ExperimentRun(plan, place, quiet=True).alone()


@pytest.fixture(scope="module")
def outcome(root: Path) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return run(LOOP, Workspace(root, root / "artifacts"))


def test_the_loop_closes_and_says_everywhere_that_nobody_was_asked(
    outcome: Outcome, place: Workspace
) -> None:
    assert not outcome.failures
    second, first = outcome.studies
    assert (second, first) == (place.studies("loop"), place.studies("loop-pairs"))
    assert read_about(second).models == ("baseline", "finetuned")
    assert read_about(first).models == ("one", "other")
    for folder in outcome.studies:
        assert read_about(folder).simulated
        assert study_words(folder)[0].startswith("Simulated: no person answered this study")
        assert json.loads((folder / "analysis" / "figures.json").read_text())["simulated"] is True
    assert outcome.tuned is not None
    trained = place.store.path(outcome.tuned.chosen.finetune)
    figures = json.loads((trained / "metrics.json").read_text())
    assert 0 < figures["simulated_pairs"] == figures["preference_pairs"] <= 12
    report = (outcome.report / "index.html").read_text()
    assert "their preferences are no person's" in report

    (version,) = connect(None, place.root).client.search_model_versions("name = 'liked'")
    told = {name: value for name, value in version.tags.items() if name.startswith("study.loop.")}
    assert told["study.loop.simulated"] == "true"
    assert "study.loop.quality.win_rate" in told


def test_again_nothing_is_done_and_another_taste_answers_the_same_studies_anew(
    outcome: Outcome, place: Workspace
) -> None:
    said = {folder: study_words(folder) for folder in outcome.studies}
    again = finished_outcome(checked_plan(parse_experiment(LOOP, "the test"), place), place)
    assert again is not None
    assert again.stages_run == 0
    assert {folder: study_words(folder) for folder in again.studies} == said

    before = {path.name for path in place.studies("loop").parent.iterdir()}
    other = LOOP["study"] | {"simulate": SIMULATE | {"strength": -6.0}}
    changed = run(LOOP | {"study": other}, place)
    assert {path.name for path in place.studies("loop").parent.iterdir()} == before
    assert study_words(changed.studies[1]) != said[changed.studies[1]]
