"""A run whose fine-tunes are cells after several steps: what it leaves in every room."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.networks.adapters import load_adapted
from components.networks.checkpoint import load_checkpoint
from components.preference.about import KEY
from components.preference.design.key import read_key
from components.spec.loading import parse_experiment
from components.spec.plan import in_order, plan_finetune, plan_study
from components.store import Store
from components.tracking import connect
from components.tracking.rows import above
from flows.run.dvc_file import dvc_file
from flows.run.execution import produce
from flows.run.experiment import ExperimentRun
from flows.run.finished import finished_outcome, what_follows
from flows.run.planning import describe_plan, print_plan
from flows.run.results import Outcome
from flows.run.single_stage import run_single_stage, whole_plan
from flows.run.verification import checked_plan
from flows.tools.models import find_base
from flows.workspace import Workspace
from tests.finetuning.test_finetune import baseline
from tests.flows.pinned import write_pictures
from tests.flows.run.test_based import OF_STYLE, STYLE
from tests.tiny_pipelines import write_sd1

OURS: dict[str, Any] = {
    "name": "ours",
    "data": {"source": "digits", "style": "bold", "size": 8},
    "finetune": {
        "base": "model",
        "kind": "lora",
        "steps": 4,
        "batch_size": 4,
        "lr": 0.05,
        "ema": 0.0,
        "warmup_steps": 0,
        "checkpoints": [2, 3],
        "limits": {"drift_at_most": 1.0},
    },
    "sweep": {"finetune.rank": [1, 2]},
    "study": {"pairs": 2},
    "evaluation": {"samples": 20, "clip": "none"},
    "sampling": {"steps": 2},
    "runner": {"threads": 1, "accelerator": "cpu"},
}
NAMES = [f"rank={rank},checkpoint={step}" for rank in (1, 2) for step in (2, 3, 4)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> Workspace:
    root = tmp_path_factory.mktemp("checkpoints")
    shutil.copytree(fetched / "data", root / "data")
    shutil.copy(fetched / "data.dvc", root)
    baseline(root / "model")
    return Workspace(root, root / "artifacts")


@pytest.fixture(scope="module")
def outcome(place: Workspace) -> Outcome:
    plan = checked_plan(parse_experiment(OURS, "the test"), place)
    return ExperimentRun(plan, place, quiet=True).alone()


def test_every_checkpoint_is_a_cell_of_two_trainings(place: Workspace, outcome: Outcome) -> None:
    assert not outcome.failures
    tuned, store = outcome.tuned, Store(place.store_root)
    assert tuned is not None
    assert [model.tuning.name for model in tuned.models] == NAMES
    trained, kept = ([*(place.store_root / s).iterdir()] for s in ("finetune", "checkpoint"))
    assert (len(trained), len(kept)) == (2, 4)
    for folder in (*trained, *kept):
        base = find_base(folder, place)
        assert base is not None
        load_adapted(folder, base)
    drawn = {(store.path(model.sample) / "images.npy").read_bytes() for model in tuned.models}
    assert len(drawn) == 6
    assert store.has(tuned.chosen.published)


def test_the_report_has_a_row_each_and_a_history_a_training(outcome: Outcome) -> None:
    page = (outcome.report / "index.html").read_text()
    for name in NAMES:
        assert name in page
    assert "Lines join checkpoints of one training; numbers are its steps." in page
    with (outcome.report / "results.csv").open() as file:
        rows = [" ".join(row.values()) for row in csv.DictReader(file)]
    assert all(any(name in row for row in rows) for name in NAMES)


def test_the_chosen_checkpoint_is_shown_in_the_study(place: Workspace, outcome: Outcome) -> None:
    tuned = outcome.tuned
    assert tuned is not None
    node = plan_study(outcome.plan, outcome.best, tuned)
    key = read_key(Store(place.store_root).path(node) / KEY)
    assert key.models["finetuned"]["model"] == tuned.chosen.published.key


def test_the_record_has_a_run_a_training_and_below_it_its_cells(
    place: Workspace, outcome: Outcome
) -> None:
    assert outcome.recorded
    client = connect(None, place.root).client
    (found,) = client.search_experiments(filter_string="name = 'ours'")
    runs = {run.info.run_id: run for run in client.search_runs([found.experiment_id])}
    parents = {run.info.run_name: above(run) for run in runs.values()}
    assert len([name for name in parents if name.startswith("finetune ")]) == 2
    for name in NAMES:
        parent = parents[f"LoRA on bold {name}"]
        assert parent is not None
        assert runs[parent].info.run_name == f"finetune bold {name.partition(',')[0]}"
    assert all(run.info.status == "FINISHED" for run in runs.values())
    leaf = next(r for r in runs.values() if r.info.run_name == f"LoRA on bold {NAMES[0]}")
    assert leaf.data.params["checkpoint"] == "2"


def test_a_second_run_has_nothing_to_do_and_chooses_the_same(
    place: Workspace, outcome: Outcome
) -> None:
    plan = checked_plan(parse_experiment(OURS, "the test"), place)
    again = finished_outcome(plan, place)
    assert again is not None
    assert again.stages_run == 0
    assert outcome.tuned is not None
    assert again.tuned is not None
    assert again.tuned.best == outcome.tuned.best
    limited = OURS | {"finetune": OURS["finetune"] | {"limits": {"drift_at_most": 0.0}}}
    strict = checked_plan(parse_experiment(limited, "the test"), place)
    _, tuned, _ = what_follows(strict, place.store)
    assert tuned is not None
    assert tuned.chosen.tuning.checkpoint == 2, "the least steps drift least"


def test_the_plan_counts_the_cells_and_no_training_twice(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = replace(place, store_root=place.root / "nothing")
    print_plan(describe_plan(parse_experiment(OURS, "the test"), nothing))
    cost = 2 * 3 * 4 * 4 + 6 * 20 * 2
    assert f"the fine-tune: 6 cells from 2 trainings, {cost} network evaluations" in (
        capsys.readouterr().out
    )


def test_dvc_runs_a_stage_for_each_checkpoint(place: Workspace) -> None:
    values = {key: value for key, value in OURS.items() if key != "sweep"}
    (place.root / "params.yaml").write_text(yaml.safe_dump(values))
    stages = yaml.safe_load(dvc_file(place))["stages"]
    assert stages["finetune-checkpoint-2"]["deps"][:2] == ["pipeline/base", "pipeline/finetune"]
    assert stages["finetune-checkpoint-2"]["params"] == [
        "finetune.checkpoints", "finetune.steps",
    ]  # fmt: skip
    assert "pipeline/finetune-checkpoint-3" in stages["sample-finetuned-checkpoint-3"]["deps"]
    outs = {out for stage in stages.values() for out in stage["outs"]}
    read = {dep for stage in stages.values() for dep in stage["deps"] if "pipeline/" in dep}
    assert read <= outs
    assert not [name for name in stages if not name.replace("-", "").isalnum()], "DVC takes no ="
    experiment, folder = parse_experiment(values, "the test"), place.root / "pipeline"
    for node in whole_plan(experiment, place):
        if node.stage in ("prepare", "base", "finetune", "checkpoint"):
            run_single_stage(node.name, experiment, folder, place, lambda *_: None)
    figures = json.loads((folder / "finetune-checkpoint-2" / "metrics.json").read_text())
    assert figures["steps"] == 2
    load_adapted(folder / "finetune-checkpoint-2", folder / "base")
    load_checkpoint(folder / "base")


def test_a_checkpoint_of_latents_is_whole_and_may_be_a_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "datasets" / "mine")
    write_sd1(tmp_path / "sd1")
    place = Workspace(tmp_path, tmp_path / "artifacts")
    section = {"base": "sd1", "kind": "full", "steps": 2, "batch_size": 4, "checkpoints": [1]}
    values = STYLE | OF_STYLE | {"finetune": section}
    plan = checked_plan(parse_experiment(values, "the test"), place)
    early, last = plan_finetune(plan, plan.cells[0]).models
    for node in in_order([early.published, last.published]):
        produce(node, place, lambda *_: None)
    kept, whole = (place.store.path(each.published) for each in (early, last))
    files = {path.name for path in (kept / "codec").iterdir()}
    assert files == {path.name for path in (whole / "codec").iterdir()}
    one, other = (load_checkpoint(folder).network.state_dict() for folder in (kept, whole))
    assert any(bool((one[name] != other[name]).any()) for name in one)
    begins = values | {"finetune": {"base": str(kept), "steps": 1}}
    (cell,) = checked_plan(parse_experiment(begins, "the test"), place).cells
    assert (produce(cell.train, place, lambda *_: None) / "model.safetensors").read_bytes() == (
        kept / "model.safetensors"
    ).read_bytes()
