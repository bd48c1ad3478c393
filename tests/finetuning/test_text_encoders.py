"""Text encoders are trained with the denoiser: captions are encoded in the step, with gradients."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from components.errors import AlphabarError
from components.finetuning.dreambooth import dreambooth
from components.finetuning.finetune import finetune
from components.generation.sample import sample
from components.networks.adapters import load_adapted
from components.networks.adapters.lora_file import read_lora
from components.networks.adapters.parts import clip_text, parts_of, text_parts
from components.networks.checkpoint import (
    Checkpoint,
    load_checkpoint,
    new_checkpoint,
    save_checkpoint,
)
from components.networks.conditioners.rows import PLACES
from components.runtime import Runtime
from components.spec.catalogue.lora import LoraSettings
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.denoising_loss import DenoisingLoss
from components.training.live_text import (
    ABSENT,
    live_model,
    own_encoders,
    texts_of,
    trained_model,
)
from components.training.sampled_look import SampledLook
from tests.model_config import DIGITS, model_config
from tests.tiny_pipelines import write_sdxl
from tests.tiny_text_encoders import tiny_clip


@pytest.fixture(params=["one", "two"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A model of digits that is told captions by a CLIP, or by two as SDXL is."""
    encoder = f"clip:{tiny_clip(tmp_path / 'clip')}"
    if request.param == "two":
        second = tiny_clip(tmp_path / "other", width=24, projection=24, pad="!", seed=1)
        encoder = f"{encoder} + clip:{second}"
    return told_by(encoder, tmp_path / "base")


def told_by(encoder: str, folder: Path) -> Path:
    """A model of digits that is told captions by ``encoder``."""
    config = model_config(encoder, classes=DIGITS, dropout=0.5)
    model = new_checkpoint(config, seed=0)
    folder.mkdir()
    save_checkpoint(folder, config, model.network)
    return folder


def asked(**section: Any) -> dict[str, Any]:
    """What the stage is told of a LoRA of the text encoders."""
    usual = {"style": "bold", "steps": 4, "batch_size": 8, "lr": 1e-1, "warmup_steps": 0, "ema": 0}
    spec = FinetuneSpec.model_validate({"kind": "lora", "text_encoder": True} | usual | section)
    settings = LoraSettings.model_validate(spec.settings).model_dump(mode="json")
    training = spec.training(TrainingSpec(evaluate_steps=2, evaluate_samples=20))
    return {"kind": "lora", "training": training.model_dump(mode="json")} | settings


def tuned(base: Path, data: Path, **section: Any) -> Path:
    out = base.parent / "tuned"
    out.mkdir()
    finetune(asked(**section), {"model": base, "data": data}, out, Runtime(accelerator="cpu"))
    return out


def states(model: Checkpoint, captions: list[str]) -> Mapping[str, Tensor]:
    return model.conditioner.encode([-1] * len(captions), captions)


def live(base: Path, digits: Path) -> tuple[Checkpoint, Checkpoint]:
    model = load_checkpoint(base)
    return model, live_model(model, own_encoders(model), texts_of({"data": digits}))


def test_encoded_in_the_step_captions_are_what_the_frozen_encoder_makes_of_them(
    base: Path, digits: Path
) -> None:
    model, trained = live(base, digits)
    texts = texts_of({"data": digits})
    x, t = torch.randn(3, 1, 8, 8), torch.tensor([1.0, 500.0, 900.0])
    found = trained.network(x, t, **{PLACES: torch.tensor([2, ABSENT, 2])})
    expected = model.network(x, t, **states(model, [texts[2], "", texts[2]]))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_loss_reaches_the_encoders_also_of_the_absent_condition(base: Path, digits: Path) -> None:
    _, trained = live(base, digits)
    trained.network.requires_grad_(True)
    loss = DenoisingLoss(trained, TrainingSpec(batch_size=4))
    for place in (0, ABSENT):
        trained.network.zero_grad()
        rows = {PLACES: torch.full((4,), place)}
        loss(trained.network, trained.network, 0, torch.zeros(4, 1, 8, 8), rows).backward()
        for encoder in trained.network.encoders:  # type: ignore[union-attr]
            assert any(w.grad is not None and w.grad.any() for w in encoder.parameters())


def test_no_shared_encoder_is_changed(base: Path, digits: Path) -> None:
    model, trained = live(base, digits)
    before = states(model, ["three"])
    for weight in trained.network.parameters():
        weight.data.zero_()
    again = states(load_checkpoint(base), ["three"])
    assert all(torch.equal(before[name], again[name]) for name in before)
    zeroed = states(trained_model(model, trained.network), ["three"])
    assert not torch.allclose(zeroed["encoder_hidden_states"], before["encoder_hidden_states"])


def test_what_the_text_encoders_have_learnt_is_what_is_drawn_with(
    base: Path, digits: Path, tmp_path: Path
) -> None:
    out = tuned(base, digits, evaluate_every=2, rank=2)
    before, after = load_checkpoint(base), load_adapted(out, base)
    parts = parts_of(before) | text_parts(before)
    lora = read_lora(out / "adapter.safetensors", parts)
    learnt = {layer.partition(".")[0] for layer, change in lora.items() if change.up.any()}
    assert learnt == set(parts)
    for part, network in text_parts(after).items():
        own = text_parts(before)[part].state_dict()
        for name, weight in network.state_dict().items():
            layer = f"{part}.{name.removesuffix('.weight')}"
            if layer in lora and name.endswith(".weight"):
                assert torch.equal(weight, lora[layer].changed(own[name]))
            else:
                assert torch.equal(weight, own[name])
    told, plain = (states(model, ["three"])["encoder_hidden_states"] for model in (after, before))
    assert (told - plain).abs().max() > 1e-3
    drawn = {}
    for name, model in (
        ("tuned", after),
        ("unet alone", replace(after, conditioner=before.conditioner)),
    ):
        x = torch.ones(1, *model.codec.shape)
        drawn[name] = model.predict(x, torch.tensor([0.5]), states(model, ["three"]))
    assert not torch.allclose(drawn["tuned"], drawn["unet alone"], atol=1e-5)
    settings = {"sampling": SamplingSpec(steps=2).model_dump(mode="json"), "samples": 4}
    (tmp_path / "sampled").mkdir()
    inputs = {"model": out, "base": base, "data": digits}
    sample(settings, inputs, tmp_path / "sampled", Runtime(accelerator="cpu"))
    assert np.load(tmp_path / "sampled" / "images.npy").shape == (4, 8, 8, 1)


def test_a_resumed_run_ends_with_the_same_bytes(base: Path, digits: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int, note: str = "") -> None:
        if done == 3:
            raise RuntimeError("stopped")

    whole, scratch, out = tuned(base, digits), tmp_path / "scratch", tmp_path / "out"
    for folder in (scratch, out):
        folder.mkdir()
    spec, inputs = asked(), {"model": base, "data": digits}
    spec["training"]["checkpoint_every"] = 1
    with pytest.raises(RuntimeError, match="stopped"):
        finetune(spec, inputs, out, Runtime(stop, "cpu", scratch))
    assert (scratch / "resume.ckpt").is_file()
    finetune(spec, inputs, out, Runtime(accelerator="cpu", scratch=scratch))
    ours, theirs = ((folder / "adapter.safetensors").read_bytes() for folder in (whole, out))
    assert ours == theirs


def test_targets_without_a_layer_of_the_text_encoder_are_refused(base: Path, digits: Path) -> None:
    with pytest.raises(AlphabarError, match="names no layer of text_encoder"):
        tuned(base, digits, targets=["to_q"])


def test_other_conditions_are_refused_by_name(tmp_path: Path) -> None:
    model = new_checkpoint(model_config("minilm"), seed=0)
    with pytest.raises(AlphabarError, match="encoder: minilm` is none whose"):
        clip_text(model)


def test_an_absent_condition_of_zeros_is_trained_as_zeros(tmp_path: Path) -> None:
    model = load_checkpoint(write_sdxl(tmp_path / "sdxl"))
    told = clip_text(model)
    found = told.live(own_encoders(model), [None, "a red cat"])
    absent, asked = told.null(1), told.encode([-1], ["a red cat"])
    assert not absent["encoder_hidden_states"].any()
    for name, row in found.items():
        torch.testing.assert_close(row[:1].detach(), absent[name])
        torch.testing.assert_close(row[1:].detach(), asked[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("prior_weight", [0.0, 1.0])
def test_a_subjects_word_is_learnt_by_the_text_encoders_too(
    base: Path, digits: Path, tmp_path: Path, prior_weight: float
) -> None:
    subject = {"kind": "dreambooth", "style": None, "subject": "mine", "token": "sks"}
    rest = {"class_word": "digit", "weights": "lora", "prior_images": 4, "ema": 0.5}
    spec = FinetuneSpec.model_validate(
        {"text_encoder": True, "steps": 4, "batch_size": 5, "lr": 1e-1, "warmup_steps": 0}
        | {"prior_weight": prior_weight, "evaluate_every": 2, **subject, **rest}
    )
    training = spec.training(TrainingSpec(evaluate_steps=2, evaluate_samples=20))
    told = {"kind": "dreambooth", "training": training.model_dump(mode="json")}
    settings = LoraSettings.model_validate({n: spec.settings[n] for n in LoraSettings.model_fields})
    told |= spec.read | settings.model_dump(mode="json")
    inputs = {"model": base, "data": digits, "subject": tmp_path / "subject"}
    inputs["subject"].mkdir()
    images = np.random.default_rng(0).integers(0, 255, (5, 8, 8, 1), dtype=np.uint8)
    np.save(inputs["subject"] / "images.npy", images)
    drawing = {"sampling": SamplingSpec(steps=2).model_dump(mode="json"), "samples": 4}
    if prior_weight:
        inputs["prior"] = tmp_path / "prior"
        inputs["prior"].mkdir()
        prompts = {"prompts": {"text": "a digit"}}
        sample(drawing | prompts, {"model": base}, inputs["prior"], Runtime(accelerator="cpu"))
    for name in ("tuned", "again"):
        (tmp_path / name).mkdir()
        finetune(told, inputs, tmp_path / name, Runtime(accelerator="cpu"))
    written = [(tmp_path / n / "adapter.safetensors").read_bytes() for n in ("tuned", "again")]
    assert written[0] == written[1]
    task = dreambooth(load_checkpoint(base), told, training, inputs)
    look = task.look(training, inputs, Runtime(accelerator="cpu"), torch.device("cpu"), None)
    assert isinstance(look, SampledLook)
    assert look.seen is trained_model, "evaluations draw with the encoders as they were"
    before, after = load_checkpoint(base), load_adapted(tmp_path / "tuned", base)
    learnt = read_lora(
        tmp_path / "tuned" / "adapter.safetensors", parts_of(before) | text_parts(before)
    )
    changed = {layer.partition(".")[0] for layer, change in learnt.items() if change.up.any()}
    assert changed == set(parts_of(before) | text_parts(before))
    ours, plain = (
        states(model, ["a sks digit"])["encoder_hidden_states"] for model in (after, before)
    )
    assert (ours - plain).abs().max() > 1e-3
    (tmp_path / "drawn").mkdir()
    prompts = {"prompts": {"texts": ["a sks digit", "a digit"]}}
    read = {"model": tmp_path / "tuned", "base": base}
    sample(drawing | prompts, read, tmp_path / "drawn", Runtime(accelerator="cpu"))
    assert np.load(tmp_path / "drawn" / "images.npy").shape == (4, 8, 8, 1)
    listed = (tmp_path / "drawn" / "samples.csv").read_text().splitlines()
    assert [row.rpartition(",")[2] for row in listed[1:]] == ["a sks digit", "a digit"] * 2
