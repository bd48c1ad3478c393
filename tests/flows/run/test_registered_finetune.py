"""The fine-tune that a run chooses is registered with its base, and read again wherever a model is
named."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from components.errors import AlphabarError
from components.figures.standing import BETTER
from components.figures.winner import beside_bases
from components.files.manifest import listed, write_manifest
from components.networks.checkpoint import new_checkpoint, save_checkpoint
from components.preference.about import KEY
from components.preference.design.key import read_key
from components.spec.keys import digest
from components.spec.loading import parse_experiment
from components.spec.record_tags import SAMPLED_WITH, STAGE_KEY
from components.tracking import connect
from components.tracking.nominees import Registry, tuned_of
from flows.run.experiment import ExperimentRun
from flows.run.results import Outcome
from flows.run.verification import checked_plan
from flows.tools.chosen import Chosen
from flows.tools.exporting import export_lora, export_model
from flows.tools.merging import merge_model
from flows.tools.models import find_base, find_model
from flows.tools.sampling import SAMPLE, Request, choose, write_sampled
from flows.workspace import Workspace
from tests.finetuning.test_finetune import baseline
from tests.flows.run.test_based import OURS, planned
from tests.model_config import DIGITS, model_config

VALUES: dict[str, Any] = OURS | {
    "name": "twice",
    "finetune": {**OURS["finetune"], "kind": "lora", "lr": 1.0e-2},
    "sweep": {"finetune.rank": [2, 4]},
    "study": {"pairs": 2},
    "registry": {"model": "plain", "finetuned": "bold"},
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> tuple[Path, Outcome]:
    """A project in which two LoRAs of a model were trained and the better one was registered."""
    root = tmp_path_factory.mktemp("registered")
    shutil.copytree(fetched / "data", root / "data")
    shutil.copy(fetched / "data.dvc", root)
    baseline(root / "model")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return root, run(VALUES, Workspace(root, root / "artifacts"))


def run(values: dict[str, Any], place: Workspace) -> Outcome:
    experiment = parse_experiment(values, "the test")
    return ExperimentRun(checked_plan(experiment, place), place, quiet=True).alone()


@pytest.fixture
def root(ran: tuple[Path, Outcome]) -> Path:
    return ran[0]


@pytest.fixture
def without(place: Workspace, tmp_path: Path) -> Workspace:
    """The same registry beside an empty store."""
    return Workspace(place.root, tmp_path / "nothing")


def asked(model: str, place: Workspace, **options: Any) -> Chosen:
    return choose(SAMPLE, Request(model, options), place)


def drawn(model: str, place: Workspace, out: Path, **options: Any) -> np.ndarray:
    write_sampled(asked(model, place, **options), out, 2, [], place, lambda *_: None)
    return np.load(out / "images.npy")


def test_the_chosen_one_is_registered_beside_its_baseline_and_shown_in_the_study(
    ran: tuple[Path, Outcome], place: Workspace
) -> None:
    outcome = ran[1]
    assert outcome.tuned is not None
    assert outcome.recorded
    assert [line.partition(",")[0] for line in outcome.registered] == [
        "plain version 1",
        "bold version 1",
    ]
    assert "the baseline's" in outcome.registered[1]
    every = beside_bases(outcome.plan, outcome.best, outcome.tuned, place.store)
    beside = every[outcome.tuned.best]
    assert beside is not None
    assert ("its base" in outcome.registered[1]) == (beside.kind != BETTER)
    client, chosen = connect(None, place.root).client, outcome.tuned.chosen
    of = client.get_model_version("bold", "1").tags
    assert of[STAGE_KEY] == chosen.finetune.key
    assert (of["finetune"], of["finetune.kind"]) == (chosen.tuning.name, "lora")
    assert (of["base.key"], of["base.registered"]) == (outcome.best.train.key, "plain@1")
    assert (of["base.given"], of["alphabar.baseline"]) == ("model", outcome.best.name)
    side = read_key(outcome.studies[0] / KEY).models["finetuned"]
    assert (side["model"], side["sample"]) == (chosen.finetune.key, chosen.sample.key)
    assert digest(dict(side["sampling"])) == of[SAMPLED_WITH]
    (found,) = client.search_experiments(filter_string="name = 'twice'")
    (sweep,) = client.search_runs([found.experiment_id], "tags.`alphabar.sweep` = 'true'")
    assert sweep.data.tags["study.baseline"] == "plain@1"
    assert sweep.data.tags["study.finetuned"] == "bold@1"


def test_it_draws_as_the_fine_tune_in_the_store_does(
    ran: tuple[Path, Outcome], place: Workspace, tmp_path: Path
) -> None:
    tuned = ran[1].tuned
    assert tuned is not None
    directory = place.store.path(tuned.chosen.finetune)
    registered = asked("bold@candidate", place)
    assert registered.base == place.store.path(ran[1].best.train)
    ours = drawn("bold@1", place, tmp_path / "ours")
    own = {name: getattr(registered.sampling, name) for name in ("solver", "steps", "guidance")}
    assert (ours == drawn(str(directory), place, tmp_path / "theirs", **own)).all()
    assert (ours != drawn("plain@1", place, tmp_path / "plain")).any()
    export_model(registered, tmp_path / "out", place)
    export_lora(registered, tmp_path / "lora", place)
    merge_model(registered, tmp_path / "merged", place)
    assert (ours == drawn(str(tmp_path / "merged"), place, tmp_path / "again")).all()
    assert registered.adapters_words() == "bold@candidate × 1"


def test_mlflow_draws_it_with_the_base_that_is_registered_or_given(
    ran: tuple[Path, Outcome], place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = drawn("bold@1", place, tmp_path / "ours")
    tracker = connect(None, place.root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracker.uri)
    files = mlflow.artifacts.download_artifacts("models:/bold/1", dst_path=str(tmp_path / "files"))
    assert {"MLmodel", "requirements.txt", "adapter.safetensors"} <= set(os.listdir(files))
    table = pd.DataFrame({"prompt": ["0", "1"], "seed": [0, 1]})
    base = str(place.store.path(ran[1].best.train))
    for config in (None, {"base": base}):
        model = mlflow.pyfunc.load_model(files, model_config=config)
        assert np.array_equal(model.predict(table), ours)


def test_an_adapter_is_no_base_and_no_guide(place: Workspace) -> None:
    with pytest.raises(AlphabarError, match="`finetune.base: bold@1` is an adapter") as caught:
        planned(OURS, place, base="bold@1")
    assert caught.value.remedy == "bake it in first: alphabar merge bold@1 --out FOLDER"
    with pytest.raises(AlphabarError, match="bold@1 is an adapter, and no whole model"):
        find_model("bold@1", place)


def test_its_base_is_found_in_the_registry_and_under_its_name_where_the_store_has_it_not(
    place: Workspace, without: Workspace, tmp_path: Path
) -> None:
    assert asked("bold@1", without).base == find_model("plain@1", place)
    ours = drawn("bold@1", without, tmp_path / "ours")
    assert (ours == drawn("bold@1", place, tmp_path / "theirs")).all()
    alone = registered_alone("bold@1", place, tmp_path, {"given": "model"})
    assert find_base(alone, without) == place.root / "model"


def registered_alone(
    model: str, place: Workspace, root: Path, base: dict[str, str], key: str = "ba5e"
) -> Path:
    """A copy of a registered adapter whose manifest names its base otherwise."""
    folder = root / "alone"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = shutil.copy(find_model(model, place, adapters=True) / "adapter.safetensors", folder)
    files = listed({"adapter.safetensors": Path(path)})
    write_manifest(folder, {"inputs": {"model": key}, "base": base, "files": files})
    return folder


def test_a_base_that_is_nowhere_is_named_with_where_it_was(
    place: Workspace, without: Workspace, tmp_path: Path
) -> None:
    gone = {"registered": "plain@7", "given": "elsewhere"}
    alone = registered_alone("bold@1", place, tmp_path, gone)
    with pytest.raises(AlphabarError, match="is an adapter of a model that is not in") as caught:
        asked(str(alone), without)
    for named in (str(alone), str(without.store_root), "ba5e", "plain@7", "elsewhere"):
        assert named in caught.value.what


def test_a_base_that_was_replaced_is_named_and_not_drawn_from(
    place: Workspace, tmp_path: Path
) -> None:
    key = "0" * 64
    config = model_config(size=8, classes=DIGITS, widths=(8, 16))
    other = tmp_path / "artifacts" / "train" / key
    other.mkdir(parents=True)
    save_checkpoint(other, config, new_checkpoint(config, seed=7).network)
    replaced = Workspace(place.root, tmp_path / "artifacts")
    alone = registered_alone("bold@1", place, tmp_path, {}, key)
    with pytest.raises(AlphabarError, match="is an adapter of another model than the o") as caught:
        drawn(str(alone), replaced, tmp_path / "out")
    assert str(alone) in caught.value.what
    assert str(other) in caught.value.what
    assert key in caught.value.what
    assert not (tmp_path / "out").exists()
    back = registered_alone("bold@1", place, tmp_path, {"registered": "plain@1"}, key)
    assert find_base(back, replaced) == find_model("plain@1", place)


def test_the_card_of_a_distilled_checkpoint_says_that_it_was_distilled(
    place: Workspace,
) -> None:
    section = {"base": "model", "kind": "consistency", "steps": 2, "batch_size": 4}
    section |= {"segments": 1, "checkpoints": [1]}
    outcome = run(OURS | {"name": "few", "finetune": section}, place)
    assert outcome.tuned is not None
    cards, tracker = [], connect(None, place.root)
    for number, model in enumerate(outcome.tuned.models):
        tuned = replace(outcome.tuned, best=number)
        nominee = tuned_of(outcome.best, tuned, place.store, place.root / "datasets", {}, None)
        record = tracker.sweep("few", model.evaluate.key, {}, {})
        registry = Registry(tracker, place.store, outcome.plan.ranked_by, None, None)
        found = registry.enter("few", record, nominee)
        cards.append((find_model(f"few@{found.version}", place) / "README.md").read_text())
    assert [model.published.stage for model in outcome.tuned.models] == ["checkpoint", "finetune"]
    for card in cards:
        assert "It was distilled: it draws in a few steps, with its guidance taken in." in card
        assert "- segments: 1" in card


def test_where_no_fine_tune_keeps_the_limits_none_is_registered_and_that_is_said(
    place: Workspace,
) -> None:
    strict = VALUES["finetune"] | {"limits": {"drift_at_most": 0.0}}
    outcome = run(VALUES | {"finetune": strict, "registry": {"finetuned": "strict"}}, place)
    assert outcome.registered == (
        "strict: nothing is registered: no fine-tune keeps `finetune.limits`",
    )
    names = [model.name for model in connect(None, place.root).client.search_registered_models()]
    assert "strict" not in names


def test_a_whole_fine_tune_is_registered_whole_and_is_a_base(place: Workspace) -> None:
    section = OURS["finetune"] | {"base": "plain@champion"}
    whole = {"name": "whole", "finetune": section, "registry": {"finetuned": "whole"}}
    outcome = run(OURS | whole, place)
    assert outcome.tuned is not None
    found = find_model("whole@1", place)
    trained = place.store.path(outcome.tuned.chosen.finetune)
    name = "model.safetensors"
    assert (found / name).read_bytes() == (trained / name).read_bytes()
    assert asked("whole@1", place).base is None
    assert planned(OURS, place, base="whole@1").cells[0].train.stage == "base"
    said = json.loads((found / "manifest.json").read_text())["base"]
    assert said == {"given": "plain@champion", "registered": "plain@1"}
