"""What a fine-tune was after earlier steps: kept on the way, and published as models."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.finetuning.checkpoint import checkpoint
from components.finetuning.finetune import finetune
from components.generation.sample import sample
from components.licences import licences_in, publish_licences
from components.networks.adapters import load_adapted
from components.networks.checkpoint import load_checkpoint
from components.runtime import Runtime
from components.spec.catalogue.entries import Licence
from components.spec.licences import Licensed
from components.spec.loading import parse_experiment
from components.spec.plan import FinetunePlan, plan_baselines, plan_finetune
from components.training.denoising_loss import DenoisingLoss
from tests.finetuning.test_finetune import baseline

RUNTIME = Runtime(accelerator="cpu")
WHOLE, ADAPTER = "model.safetensors", "adapter.safetensors"
FILES = {"full": WHOLE, "lora": ADAPTER, "consistency": WHOLE}


def planned(shrunk: dict[str, Any], kind: str, **settings: Any) -> FinetunePlan:
    section = {"kind": kind, "style": "bold", "steps": 6, "batch_size": 8, "lr": 1e-2}
    section |= {"warmup_steps": 0, "ema": 0.5}
    section |= {"teacher_steps": 4} if kind == "consistency" else {}
    values = shrunk | {"finetune": section | settings, "sweep": {}, "also": []}
    plan = plan_baselines(parse_experiment(values, "test"), lambda _: "f2")
    return plan_finetune(plan, plan.cells[0])


def trained(plan: FinetunePlan, base: Path, data: Path, out: Path) -> Path:
    out.mkdir()
    finetune(plan.chosen.finetune.settings, {"model": base, "data": data}, out, RUNTIME)
    return out


@pytest.mark.parametrize("kind", FILES)
def test_checkpoints_are_kept_and_change_nothing_in_what_is_trained(
    shrunk: dict[str, Any], tmp_path: Path, digits: Path, kind: str
) -> None:
    base, name = baseline(tmp_path / "model"), FILES[kind]
    plain = trained(planned(shrunk, kind), base, digits, tmp_path / "plain")
    plan = planned(shrunk, kind, checkpoints=[2, 5])
    kept = trained(plan, base, digits, tmp_path / "kept")
    assert (kept / name).read_bytes() == (plain / name).read_bytes()
    assert not (plain / "checkpoints").exists()
    folders = sorted((kept / "checkpoints").iterdir())
    assert [folder.name for folder in folders] == ["step_000002", "step_000005"]
    bytes_of = {(folder / name).read_bytes() for folder in (*folders, kept)}
    assert len(bytes_of) == 3, "they are after different steps"


def test_a_checkpoint_is_what_the_training_has_published_that_ends_there(
    shrunk: dict[str, Any], tmp_path: Path, digits: Path
) -> None:
    shrunk["training"] = shrunk["training"] | {"lr_decay": "constant"}
    base = baseline(tmp_path / "model")
    ends = trained(planned(shrunk, "full", steps=3), base, digits, tmp_path / "ends")
    plan = planned(shrunk, "full", checkpoints=[3])
    kept = trained(plan, base, digits, tmp_path / "kept") / "checkpoints" / "step_000003"
    assert (kept / "model.safetensors").read_bytes() == (ends / "model.safetensors").read_bytes()


@pytest.mark.parametrize("stopped_at", [1, 3, 5])
def test_a_run_that_was_stopped_keeps_the_bytes_of_an_undisturbed_one(
    shrunk: dict[str, Any],
    tmp_path: Path,
    digits: Path,
    stopped_at: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = baseline(tmp_path / "model")
    plan = planned(shrunk, "lora", checkpoints=[1, 3, 5], evaluate_every=0)
    settings = plan.chosen.finetune.settings
    settings["training"]["checkpoint_every"] = 2
    whole = trained(plan, base, digits, tmp_path / "whole")
    calls, real = [], DenoisingLoss.__call__

    def stops(self: DenoisingLoss, network: Any, average: Any, step: int, *rest: Any) -> Any:
        calls.append(step)
        if step == stopped_at and calls.count(step) == 1:
            raise KeyboardInterrupt
        return real(self, network, average, step, *rest)

    monkeypatch.setattr(DenoisingLoss, "__call__", stops)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    runtime, again = Runtime(accelerator="cpu", scratch=scratch), tmp_path / "again"
    for out in (tmp_path / "stopped", again):
        out.mkdir()
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            finetune(settings, {"model": base, "data": digits}, out, runtime)
    assert len(calls) > 6, "it was stopped"
    files = sorted(path.relative_to(whole) for path in whole.rglob("*.safetensors"))
    assert len(files) == 4
    assert sorted(path.relative_to(again) for path in again.rglob("*.safetensors")) == files
    for name in files:
        assert (again / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_a_checkpoint_is_published_and_drawn_from_as_any_model(
    shrunk: dict[str, Any], tmp_path: Path, digits: Path, kind: str
) -> None:
    base = baseline(tmp_path / "model")
    theirs = [Licensed("weights (sd)", Licence("creativeml-openrail-m"))]
    publish_licences(base, theirs)
    plan = planned(shrunk, kind, checkpoints=[2])
    tuned = trained(plan, base, digits, tmp_path / "tuned")
    early, last = plan.models
    out = tmp_path / "early"
    out.mkdir()
    checkpoint(early.published.settings, {"model": base, "training": tuned}, out, RUNTIME)
    kept = tuned / "checkpoints" / "step_000002" / FILES[kind]
    assert (out / FILES[kind]).read_bytes() == kept.read_bytes()
    assert not (out / "checkpoints").exists()
    assert licences_in(out) == theirs
    figures, whole = (json.loads((f / "metrics.json").read_text()) for f in (out, tuned))
    assert (figures["steps"], whole["steps"]) == (2, 6)
    assert "loss" not in figures
    assert figures["parameters"] == whole["parameters"]
    if kind == "lora":
        load_adapted(out, base)
    else:
        load_checkpoint(out)
    drawn = []
    for model, directory in ((early, out), (last, tuned)):
        place = tmp_path / f"sampled-{model.tuning.name}"
        place.mkdir()
        inputs = {"model": directory, "data": digits} | ({"base": base} if kind == "lora" else {})
        sample(model.sample.settings | {"samples": 4}, inputs, place, RUNTIME)
        drawn.append(np.load(place / "images.npy"))
    assert (drawn[0] != drawn[1]).any()


@pytest.mark.parametrize("kind", FILES)
def test_the_best_evaluation_of_every_kind_is_what_the_model_was_then(
    shrunk: dict[str, Any], tmp_path: Path, digits: Path, kind: str
) -> None:
    watched = {"publish": "best", "evaluate_samples": 20, "evaluate_steps": 2}
    shrunk["training"] = shrunk["training"] | {"evaluate_every": 2} | watched
    plan = planned(shrunk, kind, evaluate_every=2)
    settings = plan.chosen.finetune.settings | {"checkpoints": [2, 4]}
    out = tmp_path / "out"
    out.mkdir()
    inputs = {"model": baseline(tmp_path / "model"), "data": digits}
    finetune(settings, inputs, out, RUNTIME)
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["published"] == "best"
    assert figures["best_metric"] == "fd_efficientnet_lite0"
    step = figures["best_step"]
    then = out / "last" if step == 6 else out / "checkpoints" / f"step_{step:06d}"
    assert (out / FILES[kind]).read_bytes() == (then / FILES[kind]).read_bytes()


def test_a_training_that_lost_a_checkpoint_is_named(
    shrunk: dict[str, Any], tmp_path: Path, digits: Path
) -> None:
    base, plan = baseline(tmp_path / "model"), planned(shrunk, "lora", checkpoints=[2])
    tuned = trained(plan, base, digits, tmp_path / "tuned")
    shutil.rmtree(tuned / "checkpoints")
    (tmp_path / "out").mkdir()
    inputs = {"model": base, "training": tuned}
    with pytest.raises(AlphabarError, match="tuned has no checkpoint of step 2"):
        checkpoint(plan.models[0].published.settings, inputs, tmp_path / "out", RUNTIME)
    assert not any((tmp_path / "out").iterdir())
