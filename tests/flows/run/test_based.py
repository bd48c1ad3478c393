"""A fine-tune of a model that is there already: what is planned, what runs, and what is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from components.errors import AlphabarError
from components.files.tables import write_csv
from components.licences import licences_of
from components.networks.adapters import load_adapted
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.spec.loading import parse_experiment
from components.spec.plan import Node, Plan
from components.tracking import Submitted, connect, register
from components.tracking.versions import load_model_dir
from flows.run.dvc_file import dvc_file
from flows.run.execution import produce
from flows.run.experiment import ExperimentRun
from flows.run.finished import finished_outcome
from flows.run.outside import plan_here
from flows.run.planning import describe_plan
from flows.run.single_stage import whole_plan
from flows.run.verification import checked_plan
from flows.tools.models import find_base
from flows.workspace import Workspace
from tests.figures.made import record, write_record
from tests.finetuning.test_finetune import baseline
from tests.flows.pinned import write_pictures, write_pin
from tests.model_config import DIGITS, model_config
from tests.tiny_pipelines import (
    write_flux,
    write_sd1,
    write_sd2_zero_snr,
    write_sd3,
    write_sdxl,
)

SHORT: dict[str, Any] = {"steps": 2, "batch_size": 4}
OURS: dict[str, Any] = {
    "name": "ours",
    "data": {"source": "digits", "style": "bold", "size": 8},
    "finetune": {"base": "model", **SHORT},
    "evaluation": {"samples": 20, "clip": "none"},
    "sampling": {"steps": 2},
    "runner": {"threads": 1, "accelerator": "cpu"},
}
STYLE: dict[str, Any] = {
    "name": "style",
    "data": {"source": "folder", "name": "mine", "size": 16, "holdout": 0.5},
    "finetune": {"base": "sd1", "kind": "lora", "rank": 2, "lr": 1.0e-2, **SHORT},
}
"""As short as the file of the commonest use is."""

OF_STYLE = {key: OURS[key] for key in ("evaluation", "sampling", "runner")}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> Path:
    """A project with the digits, a folder of captioned images, a model of ours and a directory."""
    root = tmp_path_factory.mktemp("based")
    shutil.copytree(fetched / "data", root / "data")
    shutil.copy(fetched / "data.dvc", root)
    write_pictures(root / "datasets" / "mine")
    baseline(root / "model")
    write_sd1(root / "sd1")
    (root / "sd1" / "README.md").write_text("---\nlicense: creativeml-openrail-m\n---\n")
    return root


def planned(values: dict[str, Any], place: Workspace, **finetune: Any) -> Plan:
    changed = values | {"finetune": values["finetune"] | finetune}
    return plan_here(parse_experiment(changed, "the test"), place)


def whole(values: dict[str, Any], place: Workspace) -> dict[str, Node]:
    return {node.name: node for node in whole_plan(parse_experiment(values, "the test"), place)}


def ran(values: dict[str, Any], place: Workspace) -> dict[str, Path]:
    """Every stage but the report, run; name → directory."""
    nodes = whole(values, place)
    return {
        name: produce(node, place, lambda *_: None)
        for name, node in nodes.items()
        if node.stage != "report"
    }


def test_a_file_of_a_base_and_data_has_no_training_and_all_that_follows_one(
    place: Workspace,
) -> None:
    nodes = whole(STYLE, place)
    assert [*nodes] == [
        "prepare", "scorer", "reference", "base", "sample", "evaluate",
        "encode", "encode-text", "finetune", "sample-finetuned", "evaluate-finetuned",
        "evaluate-drift", "report",
    ]  # fmt: skip
    (cell,) = planned(STYLE, place).cells
    said = cell.cell.experiment
    assert (said.process.schedule, said.process.steps_offset) == ("scaled_linear", 1)
    assert said.conditioning.encoder == "pipeline:sd1"


def test_every_sampling_of_a_base_draws_from_the_one_copy(place: Workspace) -> None:
    sweep = {"sampling.guidance": [1.0, 2.0], "finetune.rank": [2, 4]}
    plan = planned(STYLE | {"sweep": sweep}, place)
    assert len(plan.cells) == 2
    assert len({cell.train.key for cell in plan.cells}) == 1
    assert {cell.train.stage for cell in plan.cells} == {"base"}


def test_a_plan_says_what_the_base_gives(place: Workspace, capsys: Any) -> None:
    from flows.run.planning import print_plan

    print_plan(describe_plan(parse_experiment(STYLE, "the test"), place))
    said = capsys.readouterr().out
    assert "style: 1 cell from the base sd1" in said
    assert "then, on the base: finetune, report" in said
    assert "finetune.base: sd1 gives the network, the process (schedule scaled_linear" in said
    assert "write `sampling: {grid: leading, end: first, guidance: 7.5}`" in said


def test_a_lora_of_a_directory_is_trained_from_it_and_drawn_on_copy_and_directory(
    place: Workspace,
) -> None:
    found = ran(STYLE | OF_STYLE, place)
    copy, theirs = load_checkpoint(found["base"]), load_checkpoint(place.root / "sd1")
    own = theirs.network.state_dict()
    for name, weights in copy.network.state_dict().items():
        assert (weights == own[name]).all()
    tuned = found["finetune"]
    assert find_base(tuned, place) == found["base"]
    on_copy, on_theirs = (load_adapted(tuned, b) for b in (found["base"], place.root / "sd1"))
    changed = on_copy.network.state_dict()
    assert any(bool((changed[name] != own[name]).any()) for name in own), "nothing was learnt"
    for name, weights in on_theirs.network.state_dict().items():
        assert (weights == changed[name]).all()
    write_sd1(place.root / "other", sample_size=16)
    path = place.root / "other" / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(AlphabarError, match="is an adapter of another model than the one in"):
        load_adapted(tuned, place.root / "other")
    terms = [each.words for each in licences_of(tuned, place.store_root, place.root / "datasets")]
    assert terms == ["weights (sd1): creativeml-openrail-m."]


@pytest.mark.parametrize("finetune", [{}, {"kind": "lora", "rank": 2}])
def test_a_model_of_ours_is_trained_further_as_it_is(
    place: Workspace, finetune: dict[str, Any]
) -> None:
    values = OURS | {"finetune": OURS["finetune"] | finetune}
    found = ran(values, place)
    assert (found["base"] / "model.safetensors").read_bytes() == (
        place.root / "model" / "model.safetensors"
    ).read_bytes()
    figures = json.loads((found["finetune"] / "metrics.json").read_text())
    assert figures["steps"] == 2
    if finetune:
        load_adapted(found["finetune"], place.root / "model")


@pytest.mark.parametrize("write", [write_sd2_zero_snr, write_sdxl, write_sd3, write_flux])
def test_the_copy_of_a_directory_predicts_what_the_directory_does(
    place: Workspace, tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    theirs = write(tmp_path / "theirs")
    node = planned(STYLE | OF_STYLE, place, base=str(theirs)).cells[0].train
    copy = load_checkpoint(produce(node, place, lambda *_: None))
    model = load_checkpoint(theirs)
    assert copy.config.process == model.config.process
    x = torch.randn(1, *copy.codec.shape, generator=torch.Generator().manual_seed(0))
    for text in ("a red cat", ""):
        found = [
            each.predict(x, torch.tensor([0.5]), each.conditioner.encode([-1], [text]))
            for each in (copy, model)
        ]
        torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4)


def test_a_base_of_another_style_is_judged_on_both(place: Workspace) -> None:
    values = OURS | {"data": OURS["data"] | {"style": "regular"}}
    values["finetune"] = OURS["finetune"] | {"style": "bold"}
    nodes = whole(values, place)
    assert {"prepare-finetune", "evaluate-baseline", "reference-finetune"} <= nodes.keys()
    assert "train" not in nodes


def test_a_registered_model_has_the_key_of_the_directory_that_it_was(place: Workspace) -> None:
    write_record(place.root, {"metrics": {"fd_efficientnet_lite0": record(9.0, 1.0)}})
    tracker = connect(None, place.root)
    model = Submitted(place.root / "model", place.root, "fd_efficientnet_lite0")
    register(tracker, "ours", tracker.sweep("ours", "key", {}, {}), "key", model)
    bases = [
        planned(OURS, place, base=name).cells[0].train
        for name in ("model", "ours@champion", str(place.root / "model"))
    ]
    assert len({node.key for node in bases}) == 1
    assert str(place.root) not in json.dumps(bases[2].spec)
    assert place.outside_inputs(bases[1])["base"] != place.root / "model"


def test_other_weights_are_another_base_and_change_between_plan_and_run_is_seen(
    place: Workspace, tmp_path: Path
) -> None:
    model = shutil.copytree(place.root / "model", tmp_path / "model")
    before = planned(OURS, place, base=str(model)).cells[0].train
    assert before.key == planned(OURS, place).cells[0].train.key
    config = model_config(size=8, classes=DIGITS, widths=(8, 16))
    save_checkpoint(model, config, new_checkpoint(config, seed=1).network)
    assert before.key != planned(OURS, place, base=str(model)).cells[0].train.key
    elsewhere = Workspace(place.root, tmp_path / "artifacts")
    with pytest.raises(AlphabarError, match="was changed since the plan was made"):
        produce(before, elsewhere, lambda *_: None)


def test_a_pipeline_of_dvc_follows_the_base(place: Workspace) -> None:
    (place.root / "params.yaml").write_text(yaml.safe_dump(STYLE))
    stages = yaml.safe_load(dvc_file(place))["stages"]
    assert "train" not in stages
    assert "sd1" in stages["base"]["deps"]
    assert "pipeline/base" in stages["finetune"]["deps"]
    assert {dep for dep in stages["report"]["deps"] if dep.startswith("pipeline/")} <= {
        f"pipeline/{name}" for name in stages
    }


def adapter(root: Path) -> dict[str, Any]:
    (root / "adapter").mkdir(exist_ok=True)
    (root / "adapter" / "adapter.safetensors").write_bytes(b"")
    return {"finetune": {**STYLE["finetune"], "base": "adapter"}}


def of_ours(**sections: Any) -> Callable[[Path], dict[str, Any]]:
    return lambda _: OURS | sections


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (lambda _: {"finetune": {"base": "gone"}}, "`finetune.base: gone`: there is no checkpoint"),
        (lambda _: {"finetune": {"base": "a/b"}}, "`finetune.base: a/b`: .*nor an id that was"),
        (lambda _: {"finetune": {"base": "no@champion"}}, "`finetune.base: no@champion`: MLflow"),
        (adapter, "`finetune.base: adapter` is an adapter"),
        (
            lambda _: {"process": {"prediction": "v"}},
            "`process.prediction: 'v'` contradicts `finetune.base: sd1`, which says 'eps'",
        ),
        (
            lambda _: {"codec": {"kind": "pixels"}},
            "`codec.kind: .pixels.` contradicts `finetune",
        ),
        (lambda _: {"network": {"channels": [8]}}, r"`network.channels: \[8\]` contradicts"),
        (lambda _: {"conditioning": {"encoder": "minilm"}}, "says 'pipeline:sd1'"),
        (lambda _: {"data": {**STYLE["data"], "size": 15}}, "takes multiples of 2 pixels"),
        (of_ours(process={"schedule": "sigmoid"}), "`process.schedule: 'sigmoid'` contradicts"),
        (of_ours(data={**OURS["data"], "size": 16}), "draws images of 8 pixels, and `data.size`"),
        (
            of_ours(data={**STYLE["data"], "size": 8}),
            "draws images of 1 channels, and the data's have 3",
        ),
        (lambda _: {"training": {"steps": 7}}, "`training.steps` has no meaning with `finetune.ba"),
        (lambda _: {"training": {"evaluate_at": [7]}}, "`training.evaluate_at` has no meaning"),
        (
            lambda _: {"finetune": STYLE["finetune"] | {"limits": {"base_fd_at_most": 2.0}}},
            "`finetune.limits.base_fd_at_most` has no meaning with `finetune.base: sd1`",
        ),
        (lambda _: {"guide": {"training.steps": 7}}, "`guide` has no meaning with"),
        (
            lambda _: {"sweep": {"process.schedule": ["linear"]}},
            "`process.schedule` cannot differ among cells with `finetune.base: sd1`",
        ),
        (lambda _: {"sweep": {"finetune.base": ["sd1", "b"]}}, "`finetune.base` cannot be swept"),
        (
            lambda _: {"sampling": {"ema_length": 0.1}, "training": {"ema_snapshots": 10}},
            "`sampling.ema_length` has no meaning with `finetune.base: sd1`",
        ),
    ],
)
def test_what_does_not_go_with_a_base_is_refused_by_name_before_anything_runs(
    place: Workspace, values: Callable[[Path], dict[str, Any]], what: str
) -> None:
    with pytest.raises(AlphabarError, match=what):
        planned(STYLE | values(place.root), place)


def test_a_model_of_classes_is_not_tuned_on_others(place: Workspace) -> None:
    write = {"source": "folder", "name": "grey", "size": 8}
    folder = place.root / "datasets" / "grey"
    folder.mkdir()
    Image.new("L", (8, 8)).save(folder / "a.png")
    write_csv(folder / "metadata.csv", [{"file_name": "a.png", "caption": "a", "label": "cat"}])
    write_pin(folder)
    with pytest.raises(AlphabarError, match="is told the classes 0, 1, .*, and the data has cat"):
        planned(OURS | {"data": write}, place)


def test_what_the_base_says_too_may_be_said(place: Workspace) -> None:
    values = STYLE | {
        "process": {"prediction": "eps"},
        "conditioning": {"dropout": 0.2, "max_tokens": 8},
        "training": {"precision": "32-true", "lr_decay": "cosine"},
    }
    (cell,) = planned(values, place).cells
    assert cell.train.spec["conditioning"]["dropout"] == 0.2
    assert cell.train.spec["conditioning"]["max_tokens"] == 8


def test_a_run_from_nothing_ends_in_report_record_registry_and_study(place: Workspace) -> None:
    begin = {"study": {"pairs": 2}, "registry": {"model": "begun"}}
    experiment = parse_experiment(STYLE | OF_STYLE | begin, "the test")
    outcome = ExperimentRun(checked_plan(experiment, place), place, quiet=True).alone()
    assert not outcome.failures
    assert outcome.recorded
    assert outcome.studies == (place.studies(outcome.plan.experiment.name),)
    assert (outcome.studies[0] / "annotator-01.html").is_file()
    page = (outcome.report / "index.html").read_text()
    assert "LoRA to mine" in page
    assert "The base sd1 stays as it is; low-rank changes of it were trained on mine." in page
    assert "begun version 1, candidate and champion" in str(outcome.registered)
    client = connect(None, place.root).client
    (found,) = client.search_experiments(filter_string="name = 'style'")
    runs = {run.info.run_name: run for run in client.search_runs([found.experiment_id])}
    assert runs["base"].data.params["base"] == "sd1"
    assert "finetune mine" in runs
    assert not [name for name in runs if name.startswith("train")]
    again = finished_outcome(checked_plan(experiment, place), place)
    assert again is not None
    assert again.stages_run == 0
    card = (load_model_dir(connect(None, place.root), "begun", "1") / "README.md").read_text()
    assert "A diffusion model, measured by alphabar." in card
    assert "creativeml-openrail-m" in card


def test_the_record_says_that_the_drift_of_a_subjects_word_is_none(place: Workspace) -> None:
    word = {"base": "sd1", "kind": "textual_inversion", "token": "<zwx>", "initial": "red", **SHORT}
    subject = {"subject": [f"picture {k}" for k in range(3)], "class_word": "cat"}
    counts = {"subject_samples": 2, "class_samples": 20}
    values = STYLE | OF_STYLE | {"name": "word", "finetune": word | subject | counts}
    experiment = parse_experiment(values, "the test")
    outcome = ExperimentRun(checked_plan(experiment, place), place, quiet=True).alone()
    assert outcome.recorded
    assert outcome.tuned is not None
    drawn = [place.store.path(n) for n in (outcome.tuned.chosen.sample, outcome.best.sample)]
    ours, theirs = (np.load(folder / "images.npy") for folder in drawn)
    assert (ours == theirs).all()
    client = connect(None, place.root).client
    (found,) = client.search_experiments(filter_string="name = 'word'")
    said = [
        run.data.tags.get("mlflow.note.content", "")
        for run in client.search_runs([found.experiment_id])
        if (run.info.run_name or "").startswith("finetune ")
    ]
    assert len(said) == 1
    assert "on them its drift is 0 by nature" in said[0]
