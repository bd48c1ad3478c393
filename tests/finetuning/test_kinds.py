"""Kinds of fine-tune: code and catalogue have the same, and a new one needs no other code.

The kind of this test trains the biases alone and keeps nothing else, as an adapter of its base.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import BaseModel, Field, ValidationError, model_validator
from safetensors.torch import load_file
from torch import nn

from components.errors import AlphabarError
from components.finetuning import FINETUNES
from components.finetuning.finetune import finetune
from components.generation.sample import sample
from components.networks.adapters import Adapter, load_adapted, save_adapter, weights_sha256
from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.runtime import Runtime
from components.spec.catalogue import FINETUNES as ENTRIES
from components.spec.catalogue.finetune_words import FinetuneWords
from components.spec.catalogue.finetuning import FinetuneEntry
from components.spec.loading import parse_experiment
from components.spec.plan import TunedModel, plan_baselines, plan_finetune
from components.spec.sections.base import Section
from components.spec.sections.finetuning import FinetuneSpec, with_settings
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import denoising_task
from components.training.task import Task
from tests.finetuning.test_finetune import baseline

ENTRY = FinetuneEntry(
    "the biases alone",
    "Ben Zaken, Ravfogel, Goldberg 2021",
    FinetuneWords(
        act="bias tuning",
        done="bias-tuned",
        model="bias-tuned",
        run="bias-tuned on {style}",
        goal="{kind} on {style}",
        title="Biases for the style {style}",
        about="Nothing but the biases was trained.",
    ),
    compared="sampling",
    needs_own_data=True,
    saves_adapter=True,
)


def is_bias(name: str) -> bool:
    return name.endswith("bias")


def biases(
    model: Checkpoint, spec: Mapping[str, Any], training: TrainingSpec, inputs: Mapping[str, Path]
) -> Task:
    assert "base_data" in inputs
    adapter = Adapter("weights", weights_sha256(inputs["model"]))

    def save(folder: Path, network: nn.Module) -> None:
        kept = {name: w for name, w in network.state_dict().items() if is_bias(name)}
        save_adapter(folder, model, adapter, kept)

    return denoising_task(model, training, trains=is_bias, save=save)


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(ENTRIES, "biases", ENTRY)
    monkeypatch.setitem(FINETUNES, "biases", biases)
    return "biases"


def planned(kind: str, shrunk: dict[str, Any]) -> TunedModel:
    section = {"kind": kind, "steps": 4, "batch_size": 16, "lr": 1e-2, "evaluate_every": 2}
    values = shrunk | {"finetune": section | {"style": "bold"}, "sweep": {}}
    plan = plan_baselines(parse_experiment(values, "test"), lambda _: "f2")
    return plan_finetune(plan, plan.cells[0]).chosen


def test_code_and_catalogue_have_the_same_kinds() -> None:
    assert set(FINETUNES) == set(ENTRIES)


class Rank(BaseModel):
    width: int = Field(4, ge=1, le=64)
    most: float = Field(4.0, gt=0.0, le=64.0)

    @model_validator(mode="after")
    def _fit(self) -> "Rank":
        if self.most > 2 * self.width:
            raise ValueError("`most` is more than twice the `width`")
        return self


def test_a_kind_brings_its_own_settings_which_are_keys_of_the_section(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENTRIES, kind, replace(ENTRY, settings=Rank))
    section = with_settings(ENTRIES)(FinetuneSpec)
    given = {"kind": kind, "style": "bold"}
    assert section.model_validate(given | {"width": 8}).settings == {"width": 8, "most": 4.0}
    for wrong, message in (
        ({"width": 0}, "greater than or equal to 1"),
        ({"width": 1}, "`most` is more than twice the `width`"),
        ({"kind": "full", "width": 8}, "`width` has no meaning with kind `full`"),
        ({"segments": 4}, "`segments` has no meaning with kind `biases`"),
    ):
        with pytest.raises(ValidationError, match=message):
            section.model_validate(given | wrong)
    assert "width" in section.model_json_schema()["properties"]


def test_two_settings_of_one_name_are_one_or_are_refused(kind: str) -> None:
    class Other(BaseModel):
        segments: int = 7

    shared = {kind: replace(ENTRY, settings=Rank), "other": replace(ENTRY, settings=Rank)}
    assert "width" in with_settings(shared)(Section).model_fields
    clash = ENTRIES | {kind: replace(ENTRY, settings=Other)}
    with pytest.raises(TypeError, match="the setting `segments` of kind `biases`"):
        with_settings(clash)(Section)


def test_the_plan_gives_a_kind_what_its_entry_asks_for(kind: str, shrunk: dict[str, Any]) -> None:
    plan, plain = planned(kind, shrunk), planned("full", shrunk)
    assert plan.finetune.inputs["base_data"].name == "prepare"
    assert plan.sample.inputs["base"] is plan.finetune.inputs["model"]
    assert "base_data" not in plain.finetune.inputs
    assert "base" not in plain.sample.inputs


def test_an_adapter_is_trained_saved_and_drawn_from_with_its_base(
    kind: str, shrunk: dict[str, Any], tmp_path: Path, digits: Path
) -> None:
    plan, base = planned(kind, shrunk), baseline(tmp_path / "model")
    out, sampled, plain = (tmp_path / name for name in ("tuned", "sampled", "plain"))
    for folder in (out, sampled, plain):
        folder.mkdir()
    runtime = Runtime(accelerator="cpu")
    inputs = {"model": base, "data": digits, "base_data": digits}
    finetune(plan.finetune.settings, inputs, out, runtime)
    before, after = load_checkpoint(base).network, load_file(out / "adapter.safetensors")
    weights = before.state_dict()
    assert set(after) == {name for name in weights if is_bias(name)}
    assert any(not torch.equal(after[name], weights[name]) for name in after)
    assert not (out / "model.safetensors").exists()
    assert (out / "best" / "adapter.safetensors").is_file()
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["trained_parameters"] == sum(w.numel() for w in after.values())
    adapted = load_adapted(out, base).network.state_dict()
    frozen = [name for name in weights if not is_bias(name)]
    assert all(torch.equal(adapted[name], weights[name]) for name in frozen)
    settings = plan.sample.settings | {"samples": 8}
    sample(settings, {"model": out, "base": base, "data": digits}, sampled, runtime)
    sample(settings, {"model": base, "data": digits}, plain, runtime)
    ours, theirs = (np.load(folder / "images.npy") for folder in (sampled, plain))
    assert ours.shape == theirs.shape
    assert (ours != theirs).any()


def test_an_adapter_of_another_model_is_refused(
    kind: str, shrunk: dict[str, Any], tmp_path: Path, digits: Path
) -> None:
    base, other = baseline(tmp_path / "model"), baseline(tmp_path / "other", size=16)
    adapter = Adapter("weights", weights_sha256(base))
    model = load_checkpoint(base)
    save_adapter(tmp_path, model, adapter, {"nothing.bias": torch.zeros(1)})
    with pytest.raises(AlphabarError, match="is an adapter of another model"):
        load_adapted(tmp_path, other)
    with pytest.raises(AlphabarError, match=r"nothing\.bias is no weight of the base"):
        load_adapted(tmp_path, base)
    name = next(name for name in model.network.state_dict() if is_bias(name))
    damaged = torch.full_like(model.network.state_dict()[name], torch.nan)
    save_adapter(tmp_path, model, adapter, {name: damaged})
    with pytest.raises(AlphabarError, match="has weights that are not finite"):
        load_adapted(tmp_path, base)
    with pytest.raises(AlphabarError, match="there is no adapter"):
        load_adapted(base, base)
