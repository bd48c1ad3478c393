"""DreamBooth: a word for a few images, and a prior that the base has drawn itself."""

import contextlib
import csv
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from components.data.arrays import load_images
from components.data.prepare import prepare
from components.data.subject import load_subject, subject
from components.errors import AlphabarError
from components.files.manifest import listed, write_manifest
from components.finetuning.dreambooth import PriorPreservation, dreambooth
from components.finetuning.finetune import finetune
from components.finetuning.subject_images import SubjectImages
from components.generation.sample import sample
from components.networks.adapters import load_adapted
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.process.diffuse import coefficients, diffuse
from components.process.streams import Purpose, generator
from components.runtime import Runtime
from components.spec.loading import parse_experiment
from components.spec.plan import TunedModel, plan_baselines, plan_finetune
from components.spec.sections.data import DataSpec
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batches
from components.training.parts import parts_of, share_of
from tests.finetuning.test_finetune import baseline
from tests.model_config import DIGITS, model_config
from tests.tiny_pipelines import write_sd1

RUNTIME = Runtime(accelerator="cpu")
SECTION: dict[str, Any] = {
    "kind": "dreambooth",
    "subject": "mine",
    "token": "sks",
    "class_word": "digit",
    "prior_images": 4,
    "steps": 4,
    "batch_size": 5,
    "lr": 1e-2,
}


def planned(shrunk: dict[str, Any], **settings: Any) -> TunedModel:
    told = {"conditioning": {"encoder": "minilm"}, "evaluation": {"samples": 60}, "also": []}
    values = shrunk | told | {"sweep": {}, "finetune": SECTION | settings}
    plan = plan_baselines(parse_experiment(values, "test"), lambda _: "f2")
    return plan_finetune(plan, plan.cells[0]).chosen


def folder_of(root: Path, count: int) -> Path:
    """An ImageFolder of ``count`` images."""
    root.mkdir()
    numbers = np.random.default_rng(0)
    for k in range(count):
        Image.fromarray(numbers.integers(0, 255, (8, 8), np.uint8)).save(root / f"{k}.png")
    lines = "".join(f"{k}.png,mine {k}\n" for k in range(count))
    (root / "metadata.csv").write_text(f"file_name,caption\n{lines}")
    return root


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model that reads captions."""
    config = model_config("minilm", classes=DIGITS, widths=(8, 16))
    folder = tmp_path_factory.mktemp("base")
    save_checkpoint(folder, config, new_checkpoint(config, seed=0).network)
    return folder


def inputs_of(plan: TunedModel, root: Path, base: Path, data: Path) -> dict[str, Path]:
    """What the stages before `finetune` leave for it."""
    found = {"model": base, "data": data}
    raw = folder_of(root / "raw", 5)
    for role in ("subject", "prior"):
        if role in plan.finetune.inputs:
            found[role] = root / role
            found[role].mkdir()
            spec = plan.finetune.inputs[role].settings
            run = subject if role == "subject" else sample
            run(spec, {"data": data, "raw": raw, "model": base}, found[role], RUNTIME)
    return found


def tuned(plan: TunedModel, inputs: dict[str, Path], out: Path) -> Path:
    out.mkdir()
    finetune(plan.finetune.settings, inputs, out, RUNTIME)
    return out


def test_the_plan_draws_the_prior_once_from_the_base_and_shows_the_subject(
    shrunk: dict[str, Any],
) -> None:
    plan = planned(shrunk)
    inputs, shown = plan.finetune.inputs, plan.subject
    assert set(inputs) == {"model", "data", "subject", "prior"}
    assert inputs["prior"].spec["prompts"] == {"text": "a digit"}
    assert inputs["prior"].inputs == {"model": inputs["model"]}
    assert shown is not None
    tuned, base = shown.subject.tuned, shown.subject.baseline
    for drawn in (tuned, base):
        assert (drawn.spec["prompts"], drawn.spec["samples"]) == ({"text": "a sks digit"}, 40)
    read = {role: node.name for role, node in shown.similarity.inputs.items()}
    assert read == {
        "tuned": "sample-subject",
        "baseline": "sample-subject-baseline",
        "subject": "subject",
    }
    assert tuned.inputs["model"] is plan.finetune
    assert base.inputs == {"model": inputs["model"]}
    kin = shown.kin
    others = kin.of_tuned.inputs["like"]
    assert kin.of_tuned.inputs == {"samples": kin.tuned, "base": kin.baseline, "like": others} | {
        "scorer": kin.of_tuned.inputs["scorer"]
    }
    for drawn in (kin.tuned, kin.baseline, others):
        assert (drawn.spec["prompts"], drawn.spec["samples"]) == ({"text": "a digit"}, 100)
    drawn_from = [
        node.spec["sampling"]["seed"] for node in (inputs["prior"], others, tuned, kin.tuned)
    ]
    assert drawn_from[2:] == [base.spec["sampling"]["seed"]] * 2
    apart = [abs(a - b) for a, b in itertools.combinations(drawn_from[:3], 2)]
    assert min(apart) > 100_000, "what is judged was trained on, or judged by itself"
    reading = {"token": "sks", "word": "digit", "numbered": False}
    assert shown.subject.of_tuned.spec["reading"] == reading
    assert shown.similarity.spec["reading"] == reading, "images of other words would not pair"
    assert "reading" not in plan.evaluate.spec, "no caption of the data has the word"
    several = planned(shrunk, subject_prompts=["a {token} {class_word}", "{token}, bold"]).subject
    assert several is not None
    assert several.subject.tuned.spec["prompts"] == {"texts": ["a sks digit", "sks, bold"]}
    assert several.kin.tuned.key == kin.tuned.key
    assert several.kin.baseline.key == kin.baseline.key
    other = planned(shrunk, steps=7, lr=0.5, token="zwx", weights="lora", rank=2)
    assert other.finetune.inputs["prior"].key == inputs["prior"].key
    assert "base" in other.sample.inputs
    none = planned(shrunk, prior_weight=0.0)
    assert "prior" not in none.finetune.inputs
    assert none.finetune.key == planned(shrunk, prior_weight=0.0, prior_images=9).finetune.key


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_the_loss_is_that_of_the_subject_plus_the_weighted_one_of_the_prior(
    shrunk: dict[str, Any], tmp_path: Path, base: Path, digits: Path, weight: float
) -> None:
    plan = planned(shrunk, prior_weight=weight)
    inputs = inputs_of(plan, tmp_path, base, digits)
    model = load_checkpoint(base)
    training = TrainingSpec(batch_size=5, seed=3)
    with torch.no_grad():  # an untrained network answers zero to everything
        for weights in model.network.parameters():
            weights.add_(0.05 * torch.randn(weights.shape, generator=torch.Generator()))
    task = dreambooth(model, plan.finetune.settings, training, inputs)
    data = task.data(inputs)
    step, stored, rows = next(iter(Batches(data, batch_size=5, first=2, last=3, seed=3)))
    x0 = data.encode(step, stored)
    found = task.objective(model.network, model.network, step, x0, rows)

    random = generator(3, step, Purpose.TRAINING)
    eps = torch.randn(x0.shape, generator=random)
    t = model.schedule.trained_time(torch.rand(5, generator=random, dtype=torch.float64))
    drop = torch.rand(5, generator=random) < 0.1
    said = ["a sks digit"] * 5 if not weight else ["a sks digit", "a digit"] * 2 + ["a sks digit"]
    told = model.conditioner.encode(
        [-1] * 5, ["" if d else s for s, d in zip(said, drop, strict=True)]
    )
    alpha, sigma = coefficients(model.schedule, t, x0)
    output = model.network(diffuse(x0, eps, alpha, sigma), model.schedule.timestep(t), **told)
    errors = (output - model.prediction.target(x0, eps, alpha, sigma)).square().mean((1, 2, 3))
    expected = errors.mean() if not weight else errors[0::2].mean() + weight * errors[1::2].mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    parts = [
        share_of(part, 5) * task.objective(model.network, model.network, step, x0, rows, part)
        for part in parts_of(5, 3)
    ]
    assert sum(each.item() for each in parts) == pytest.approx(found.item(), rel=1e-5)

    ours = load_subject(inputs["subject"])
    theirs = np.load(inputs["prior"] / "images.npy") if weight else ours
    for row, image in enumerate(stored.permute(0, 2, 3, 1).numpy()):
        assert any((image == each).all() for each in (theirs if row % 2 else ours))


@pytest.mark.parametrize("weights", ["full", "lora"])
def test_a_run_that_was_stopped_ends_with_the_bytes_of_an_undisturbed_one(
    shrunk: dict[str, Any],
    tmp_path: Path,
    base: Path,
    digits: Path,
    weights: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = planned(shrunk, weights=weights, **({"rank": 2} if weights == "lora" else {}))
    inputs = inputs_of(plan, tmp_path, base, digits)
    settings = plan.finetune.settings
    settings["training"]["checkpoint_every"] = 2
    whole = tuned(plan, inputs, tmp_path / "whole")
    name = "adapter.safetensors" if weights == "lora" else "model.safetensors"
    assert (whole / name).is_file()
    assert (whole / "model.safetensors").exists() == (weights == "full")
    figures = json.loads((whole / "metrics.json").read_text())
    assert (figures["subject_images"], figures["prior_images"]) == (5, 4)

    calls, real = [], PriorPreservation.__call__

    def stops(self: PriorPreservation, network: Any, average: Any, step: int, *rest: Any) -> Any:
        calls.append(step)
        if calls == [0, 1, 2, 3]:
            raise KeyboardInterrupt
        return real(self, network, average, step, *rest)

    monkeypatch.setattr(PriorPreservation, "__call__", stops)
    (tmp_path / "scratch").mkdir()
    runtime = Runtime(accelerator="cpu", scratch=tmp_path / "scratch")
    for out in (tmp_path / "stopped", tmp_path / "again"):
        out.mkdir()
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            finetune(settings, inputs, out, runtime)
    assert calls == [0, 1, 2, 3, 2, 3], "it goes on from the second step"
    assert (tmp_path / "again" / name).read_bytes() == (whole / name).read_bytes()
    if weights == "lora":
        frozen, adapted = load_checkpoint(base), load_adapted(whole, base)
        pairs = zip(*(m.network.state_dict().values() for m in (frozen, adapted)), strict=True)
        assert any(not torch.equal(one, other) for one, other in pairs)


def test_latents_are_drawn_from_what_the_autoencoder_makes_of_the_images(
    shrunk: dict[str, Any], tmp_path: Path
) -> None:
    model = load_checkpoint(write_sd1(tmp_path / "sd"))
    channels, height, width = model.image_shape
    numbers = np.random.default_rng(0)
    pixels = numbers.integers(0, 255, (5, height, width, channels), np.uint8)
    np.save(tmp_path / "images.npy", pixels)
    plan = planned(shrunk, prior_weight=0.0)
    task = dreambooth(
        model, plan.finetune.settings, TrainingSpec(), inputs := {"subject": tmp_path}
    )
    data = task.data(inputs)
    step, stored, rows = next(iter(Batches(data, batch_size=5, first=0, last=1, seed=0)))
    x0 = data.encode(step, stored)
    assert x0.shape == (5, *model.codec.shape)
    order = [
        next(k for k, each in enumerate(data.stored[torch.arange(5)]) if torch.equal(each, row))
        for row in stored
    ]
    shown = torch.from_numpy(pixels[order].transpose(0, 3, 1, 2).copy())
    mean, deviation = model.codec.moments(shown)  # type: ignore[attr-defined]
    assert ((x0 - mean).abs() < 6 * deviation + 1e-4).all()
    assert not torch.equal(x0, data.encode(1, stored))
    assert task.objective(model.network, model.network, step, x0, rows).isfinite()


def test_another_prior_than_the_planned_one_is_refused(
    shrunk: dict[str, Any], tmp_path: Path, base: Path, digits: Path
) -> None:
    plan = planned(shrunk)
    inputs = inputs_of(plan, tmp_path, base, digits)
    prior, model = inputs["prior"], load_checkpoint(base)
    for changed, asked in (
        ({"class_word": "cat"}, "4 of `a cat`"),
        ({"prior_images": 9}, "9 of `a digit`"),
    ):
        with pytest.raises(AlphabarError, match=f"holds 4 images, not the {asked}"):
            SubjectImages.of(model, plan.finetune.settings | changed, inputs)
    write_manifest(prior, {"files": listed({p.name: p for p in prior.iterdir()})})
    SubjectImages.of(model, plan.finetune.settings, inputs)
    drawn = np.load(prior / "images.npy")
    drawn[0] ^= 1
    np.save(prior / "images.npy", drawn)
    with pytest.raises(AlphabarError, match=r"images\.npy"):
        tuned(plan, inputs, tmp_path / "out")
    assert not any((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("count", "message"), [(1, "there is 1 image in"), (31, "there are more than 30 images in")]
)
def test_too_few_and_too_many_images_are_refused(
    shrunk: dict[str, Any], tmp_path: Path, digits: Path, count: int, message: str
) -> None:
    node = planned(shrunk).finetune.inputs["subject"]
    inputs = {"data": digits, "raw": folder_of(tmp_path / "raw", count)}
    (tmp_path / "out").mkdir()
    with pytest.raises(AlphabarError, match=f"{message} datasets/mine.*") as refused:
        subject(node.settings, inputs, tmp_path / "out", RUNTIME)
    assert "3 to 30 images" in refused.value.remedy
    assert not any((tmp_path / "out").iterdir())


def test_a_subject_is_chosen_by_captions_of_the_data(
    shrunk: dict[str, Any], tmp_path: Path
) -> None:
    raw, data, out = folder_of(tmp_path / "raw", 12), tmp_path / "data", tmp_path / "out"
    for folder in (data, out):
        folder.mkdir()
    spec = DataSpec(source="folder", name="mine", holdout=0.4).model_dump(mode="json")
    prepare(spec, {"raw": raw}, data, RUNTIME)
    asked = [f"mine {k}" for k in (11, 2, 3, 5, 7)]
    node = planned(shrunk, subject=asked).finetune.inputs["subject"]
    assert node.key == planned(shrunk, subject=asked[::-1]).finetune.inputs["subject"].key
    subject(node.settings, {"data": data}, out, RUNTIME)
    with (out / "subject.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["caption"] for row in rows} == set(asked)
    assert len(load_images(data, "holdout")), "both splits are looked through"
    for row, image in zip(rows, load_subject(out), strict=True):
        assert (image[..., 0] == np.array(Image.open(raw / row["file_name"]))).all()
    with pytest.raises(AlphabarError, match="no image of the data has the caption 'mine 77'"):
        subject({"captions": [*asked, "mine 77"]}, {"data": data}, out, RUNTIME)


def test_a_model_that_reads_no_captions_is_refused(
    shrunk: dict[str, Any], tmp_path: Path, base: Path, digits: Path
) -> None:
    plan = planned(shrunk)
    inputs = inputs_of(plan, tmp_path, base, digits) | {"model": baseline(tmp_path / "classes")}
    with pytest.raises(AlphabarError, match="teaches a word, and the model is told `class`"):
        tuned(plan, inputs, tmp_path / "out")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"token": None}, "needs a `token`"),
        ({"subject": None}, "needs a `subject`"),
        ({"class_word": None}, "needs a `class_word`"),
        ({"prompt": "a {class_word}"}, r"lacks `\{token\}`"),
        ({"prompt": "a {token}"}, r"lacks `\{class_word\}`"),
        ({"subject_prompts": ["a cat"]}, r"`subject_prompts` has `a cat`, which lacks `\{token\}`"),
        ({"rank": 8}, "`rank` has no meaning with `weights: full`"),
        ({"style": "bold"}, "`style` has no meaning with kind `dreambooth`"),
        ({"batch_size": 1}, "`batch_size: 1` has no place for the prior"),
        ({"kind": "full", "style": "bold"}, "has no meaning with kind `full`"),
        ({"token": "two words"}, "token"),
    ],
)
def test_a_section_that_does_not_fit_together_is_refused(
    shrunk: dict[str, Any], changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(AlphabarError, match=message):
        planned(shrunk, **changed)


def test_a_model_of_class_labels_is_refused_before_anything_runs(shrunk: dict[str, Any]) -> None:
    values = shrunk | {"sweep": {}, "finetune": SECTION, "conditioning": {"encoder": "class"}}
    message = "`finetune.kind: dreambooth` teaches a word, and `conditioning.encoder: class`"
    with pytest.raises(AlphabarError, match=message):
        parse_experiment(values, "test")
