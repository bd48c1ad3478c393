"""What the store knows of a study's images: each image's own score, figures, labels."""

from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.manifest import listed, write_manifest
from components.preference.analysis.opened import Study
from flows.tools.study_scores import asked_of, automatic_of
from flows.workspace import Workspace
from tests.figures.made import record, write_record
from tests.preference.conftest import write_samples
from tests.preference.studies import build
from tests.tiny_preference_models import tiny_pickscore

CLIP, FD = "clip_score_domain", "fd_efficientnet_lite0"
KEYS = {"old": "a1" * 32, "new": "b2" * 32}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Samples of two models with forty captions, and what `evaluate` found of both."""
    captions = tuple(f"a fox {number}" for number in range(40))
    for place, key in enumerate(KEYS.values()):
        write_samples(tmp_path / "store" / "sample" / key, 60 + place, captions)
        folder = tmp_path / "store" / "evaluate" / (f"{place}c" * 32)
        folder.mkdir(parents=True)
        scores = np.arange(40.0) + 100 * place
        metrics = {CLIP: record(scores.mean(), 1.0), FD: record(5.0 - place, 1.0)}
        arrays = {f"{CLIP}|generated": scores, f"{FD}|generated": scores}
        write_record(folder, {"metrics": metrics}, {**arrays, "seeds": np.arange(100, 140)})
        files = listed({path.name: path for path in folder.iterdir()})
        write_manifest(folder, {"key": folder.name, "inputs": {"samples": key}, "files": files})
    return tmp_path / "store"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Its pairs are numbered, and a pair's number is its seed: 100 and more are the samples'."""
    known = {name: {"sample": key, "model": key, "sampling": {}} for name, key in KEYS.items()}
    made = build(tmp_path / "study", ("old", "new"), known=known)
    for pair, about in made.key.pairs.items():
        object.__setattr__(about, "seed", 100 + int(pair))
    return made


def test_each_image_has_its_own_score_found_by_seed(study: Study, store: Path) -> None:
    found = automatic_of(study, Workspace(store.parent, store))
    (name,) = found.scores
    assert "CLIP score" in name
    assert found.scores[name]["03"] == {"old": 3.0, "new": 103.0}
    assert len(found.scores[name]) == 12
    assert all(values["new"] > values["old"] for values in found.aggregates.values())
    assert len(found.aggregates) == 2  # of FD the lower is better, and it is turned round


def test_figures_that_were_measured_otherwise_are_not_compared(study: Study, store: Path) -> None:
    folder = store / "evaluate" / ("1c" * 32)
    (folder / "manifest.json").unlink()
    write_record(folder, {"metrics": {FD: record(1.0, 1.0, n_reference=3)}})
    files = listed({path.name: path for path in folder.iterdir()})
    write_manifest(folder, {"key": folder.name, "inputs": {"samples": KEYS["new"]}, "files": files})
    found = automatic_of(study, Workspace(store.parent, store))
    assert all(len(values) < 2 for values in found.aggregates.values())


def test_a_preference_model_scores_the_images_that_people_saw(study: Study, tmp_path: Path) -> None:
    judge = f"pickscore:{tiny_pickscore(tmp_path / 'pickscore')}"
    found = automatic_of(study, Workspace(tmp_path, tmp_path / "none"), [judge])
    ((name, scores),) = found.scores.items()
    assert name.startswith("pickscore")
    assert set(scores) == set(study.key.pairs)
    assert set(scores["03"]) == {"old", "new"}
    with pytest.raises(AlphabarError):
        automatic_of(study, Workspace(tmp_path, tmp_path / "none"), ["hps:nowhere.pt"])


def test_decided_pairs_know_their_class_and_caption(study: Study, store: Path) -> None:
    asked = asked_of(study, store)
    assert asked["03"] == ("3", 3, "a fox 3")
    assert len(asked) == 12


def test_without_a_store_nothing_is_known_and_damage_is_passed_over(
    study: Study, store: Path, tmp_path: Path
) -> None:
    none = automatic_of(study, Workspace(tmp_path, tmp_path / "none"))
    assert (none.scores, none.aggregates) == ({}, {})
    assert asked_of(study, tmp_path / "none") == {}
    for folder in (store / "evaluate").iterdir():
        (folder / "metrics.json").write_text("{")
    for folder in (store / "sample").iterdir():
        (folder / "samples.csv").write_text("")
    assert automatic_of(study, Workspace(store.parent, store)).aggregates == {}
    assert asked_of(study, store) == {}
