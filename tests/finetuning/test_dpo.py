"""Diffusion-DPO as a stage: what it reads, what it leaves, and that it moves where people point."""

import contextlib
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from components.data.arrays import load_split
from components.data.decided import decided_digest, find_study
from components.errors import AlphabarError
from components.files.manifest import listed, write_manifest
from components.finetuning.dpo import Preference, dpo
from components.finetuning.finetune import finetune
from components.finetuning.preference_pairs import WEIGHT, PreferencePairs, shown
from components.generation.asked import prompts_of
from components.generation.generate import generate
from components.generation.sampler import Sampler
from components.networks.adapters import load_adapted
from components.networks.checkpoint import (
    Checkpoint,
    load_checkpoint,
    new_checkpoint,
    save_checkpoint,
)
from components.networks.ema import copy_for_ema
from components.runtime import Runtime
from components.spec.catalogue import FINETUNES
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batches
from components.training.denoising_loss import DenoisingLoss
from components.training.parts import parts_of, share_of
from tests.model_config import DIGITS, model_config
from tests.tiny_pipelines import write_sd1

RUNTIME = Runtime(accelerator="cpu")
COLUMNS = (
    *("pair", "label", "class_index", "caption", "group", "winner", "loser", "weight"),
    *("answers", "simulated", "winner_image", "loser_image"),
)
Images = NDArray[np.uint8]


def write_decided(folder: Path, rows: Sequence[dict[str, Any]], images: Images) -> Path:
    """A table as an analysis leaves it; what a row does not say is usual."""
    folder.mkdir(parents=True, exist_ok=True)
    usual = {"class_index": -1, "weight": 1, "answers": 3, "simulated": "false"}
    with (folder / "decided.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for k, row in enumerate(rows):
            place = {"pair": f"p{k}", "winner_image": 2 * k, "loser_image": 2 * k + 1}
            writer.writerow(usual | place | row)
    np.save(folder / "images.npy", images)
    return folder


def noise(count: int, *shape: int) -> Images:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)


def six(folder: Path) -> Path:
    """Six pairs of digits."""
    rows = [{"label": str(k % 3), "caption": f"the digit {k % 3}"} for k in range(6)]
    return write_decided(folder, rows, noise(12, 8, 8, 1))


def told(preferences: Path | None = None, **settings: Any) -> dict[str, Any]:
    """What the stage is told; the pairs lie in a store unless they are named."""
    section: dict[str, Any] = {
        **{"kind": "dpo", "preferences": "mine", "steps": 4, "batch_size": 3},
        **{"lr": 1e-2, "warmup_steps": 0, "ema": 0.5, "beta": 50.0},
    }
    spec = FinetuneSpec.model_validate(section | settings)
    training = spec.training(TrainingSpec(checkpoint_every=2)).model_dump(mode="json")
    found = {"kind": "dpo", "training": training} | spec.read
    del found["preferences"]
    if preferences is not None:
        found["preferences"] = {"sha256": decided_digest(preferences)}
    return found


def baseline(folder: Path, encoder: str = "class") -> Path:
    config = model_config(encoder, classes=DIGITS, widths=(8, 16))
    folder.mkdir()
    network = new_checkpoint(config, seed=0).network
    with torch.no_grad():  # an untrained network answers zero to everything
        random = torch.Generator().manual_seed(0)
        for weights in network.parameters():
            weights.add_(0.05 * torch.randn(weights.shape, generator=random))
    save_checkpoint(folder, config, network)
    return folder


@pytest.mark.parametrize(
    ("encoder", "settings"),
    [
        ("class", {}),
        ("minilm", {"weights": "lora", "rank": 2}),
        ("none", {}),
    ],
)
def test_a_run_that_was_stopped_ends_with_the_bytes_of_an_undisturbed_one(
    tmp_path: Path,
    digits: Path,
    encoder: str,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base, pairs = baseline(tmp_path / "model", encoder), six(tmp_path / "out" / "decided")
    inputs = {"model": base, "data": digits, "preferences": pairs.parent}
    spec, whole = told(**settings), tmp_path / "whole"
    whole.mkdir()
    finetune(spec, inputs, whole, RUNTIME)
    name = "adapter.safetensors" if settings else "model.safetensors"
    figures = json.loads((whole / "metrics.json").read_text())
    assert figures["preference_pairs"] == 6
    assert "simulated_pairs" not in figures
    real = Preference.__call__

    def stops(self: Preference, network: Any, average: Any, step: int, *rest: Any) -> Any:
        if step == 3:
            raise KeyboardInterrupt
        return real(self, network, average, step, *rest)

    scratch, out = tmp_path / "scratch", tmp_path / "again"
    for folder in (scratch, out):
        folder.mkdir()
    runtime = Runtime(accelerator="cpu", scratch=scratch)
    with monkeypatch.context() as changed, contextlib.suppress(KeyboardInterrupt, SystemExit):
        changed.setattr(Preference, "__call__", stops)
        finetune(spec, inputs, out, runtime)
    assert (scratch / "resume.ckpt").is_file()
    finetune(spec, inputs, out, runtime)
    assert (out / name).read_bytes() == (whole / name).read_bytes()
    before = load_checkpoint(base)
    after = load_adapted(whole, base) if settings else load_checkpoint(whole)
    states = (model.network.state_dict().values() for model in (before, after))
    assert any(not torch.equal(one, other) for one, other in zip(*states, strict=True))


def model_of(encoder: str = "class") -> Checkpoint:
    return new_checkpoint(model_config(encoder, classes=DIGITS, widths=(8, 16)), seed=0)


def batch(
    pairs: PreferencePairs, model: Checkpoint, size: int
) -> tuple[int, torch.Tensor, dict[str, torch.Tensor]]:
    """The first step's."""
    data = shown(pairs, model, TrainingSpec(), {})
    step, stored, rows = next(iter(Batches(data, batch_size=size, first=0, last=1, seed=0)))
    return step, data.encode(step, stored), rows


@pytest.mark.parametrize("encoder", ["class", "minilm", "none"])
def test_a_row_is_a_pair_with_its_own_prompt_and_weight(tmp_path: Path, encoder: str) -> None:
    labels, images = ["3", "", "", "3"], noise(8, 8, 8, 1)
    rows = [
        {"label": label, "class_index": 7 if k == 1 else -1, "caption": said, "weight": weight}
        for k, (label, said, weight) in enumerate(
            zip(labels, ("a", "b", "4", "a"), (1, 0.5, 0.25, 0.0), strict=True)
        )
    ]
    folder, model = write_decided(tmp_path, rows, images), model_of(encoder)
    pairs = PreferencePairs.of(model, folder)
    assert pairs.facts == {"preference_pairs": 3}, "the one of weight 0 teaches nothing"
    _, x0, given = batch(pairs, model, 3)
    assert x0.shape == (3, 2, 1, 8, 8)
    encoded = model.codec.encode(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    order = [(given[WEIGHT] == w).nonzero().item() for w in (1, 0.5, 0.25)]
    torch.testing.assert_close(x0[order].flatten(0, 1), encoded[:6])
    expected = model.conditioner.encode([3, 7, 4], ["a", "b", "4"])
    assert given.keys() - {WEIGHT} == expected.keys()
    for name, row in expected.items():
        torch.testing.assert_close(given[name][order], row, msg=name)


def test_latents_of_both_are_drawn_from_what_the_autoencoder_makes_of_them(tmp_path: Path) -> None:
    model = load_checkpoint(write_sd1(tmp_path / "sd"))
    channels, height, width = model.image_shape
    images = noise(4, height, width, channels)
    rows = [{"caption": "a cat", "weight": 1}, {"caption": "a dog", "weight": 0.5}]
    inputs = {"preferences": write_decided(tmp_path / "decided", rows, images)}
    task = dpo(model, told(), TrainingSpec(), inputs)
    data = task.data(inputs)
    step, stored, given = next(iter(Batches(data, batch_size=2, first=0, last=1, seed=0)))
    x0 = data.encode(step, stored)
    assert x0.shape == (2, 2, *model.codec.shape)
    order = [(given[WEIGHT] == w).nonzero().item() for w in (1, 0.5)]
    pixels = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    mean, deviation = model.codec.moments(pixels)  # type: ignore[attr-defined]
    assert ((x0[order].flatten(0, 1) - mean).abs() < 6 * deviation + 1e-4).all()
    assert not torch.equal(x0, data.encode(1, stored))
    loss = task.objective(model.network, model.network, step, x0, dict(given))
    assert loss.item() == pytest.approx(np.log(2) * 0.75, abs=1e-4)


def test_a_step_asks_the_networks_as_often_as_is_planned_and_parts_say_what_the_whole_says(
    tmp_path: Path,
) -> None:
    model = load_checkpoint(baseline(tmp_path / "model"))
    pairs = PreferencePairs.of(model, six(tmp_path / "decided"))
    step, x0, rows = batch(pairs, model, 5)
    asked: list[int] = []
    reference = copy_for_ema(model.network)
    for network in (model.network, reference):
        network.register_forward_pre_hook(lambda module, given: asked.append(len(given[0])))
    with torch.no_grad():
        for weights in model.network.parameters():
            weights.mul_(1.01)
    objective = Preference(DenoisingLoss(model, TrainingSpec()), reference, 50.0)
    given = model.network, model.network, step, x0
    whole = objective(*given, rows).item()
    # a forward and a backward pass of an image count three, the reference has no backward pass
    assert asked == [10, 10]
    assert 5 * (3 + FINETUNES["dpo"].beside({}, True)) == 3 * asked[0] + asked[1]
    parts = [share_of(p, 5) * objective(*given, rows, p).item() for p in parts_of(5, 2)]
    assert sum(parts) == pytest.approx(whole, abs=1e-6)


def test_text_encoders_are_trained_and_the_reference_has_its_own(tmp_path: Path) -> None:
    model = load_checkpoint(base := write_sd1(tmp_path / "sd"))
    channels, height, width = model.image_shape
    rows = [{"caption": "a cat"}, {"caption": "a dog"}, {"caption": "a cat"}]
    folder = write_decided(tmp_path / "decided", rows, noise(6, height, width, channels))
    inputs = {"preferences": folder, "model": base}
    spec = told(weights="lora", text_encoder=True, rank=2)
    task = dpo(model, spec, TrainingSpec(), inputs)
    data = task.data(inputs)
    step, stored, given = next(iter(Batches(data, batch_size=3, first=0, last=1, seed=0)))
    x0 = data.encode(step, stored)
    loss = task.objective(task.network, task.network, step, x0, dict(given))
    assert loss.item() == pytest.approx(np.log(2), abs=1e-4)
    loss.backward()
    assert isinstance(task.objective, Preference)
    moved = {n for n, w in task.network.named_parameters() if w.grad is not None and w.grad.any()}
    assert any(name.startswith("encoders") and ".lora_B" in name for name in moved)
    assert not any(w.grad is not None for w in task.objective.reference.parameters())


def refused(folder: Path, model: Checkpoint | None = None, sha256: str | None = None) -> str:
    with pytest.raises(AlphabarError) as caught:
        PreferencePairs.of(model or model_of(), folder, sha256)
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"label": "eleven"}, "a pair of 'eleven', and the model knows 0, 1"),
        ({"caption": "a cat"}, "a pair of 'a cat'"),
        ({"class_index": 10}, "a pair of 'class 10'"),
        ({"label": "1", "weight": "nan"}, "row 1 has the weight 'nan'"),
        ({"label": "1", "weight": 1.5}, "row 1 has the weight '1.5'"),
        ({"label": "1", "weight": 0}, "no pair that was decided: 1 of weight 0"),
        ({"label": "1", "simulated": "maybe"}, "'maybe' for simulated"),
        ({"label": "1", "winner_image": 9}, "names the image 9"),
        ({"label": "1", "winner_image": 1}, "row 1 has the images 1 and 1"),
        ({"label": "1", "loser_image": "x"}, "'x' for loser_image"),
    ],
)
def test_a_pair_that_cannot_be_trained_on_is_refused_by_name(
    tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    assert said in refused(write_decided(tmp_path, [row], noise(2, 8, 8, 1)))


def test_files_that_are_missing_others_or_damaged_are_refused(tmp_path: Path) -> None:
    folder = six(tmp_path / "decided")
    known = decided_digest(folder)
    PreferencePairs.of(model_of(), folder, known)
    rows = (folder / "decided.csv").read_text()
    (folder / "decided.csv").write_text(rows.replace(",1,3,", ",0.5,3,", 1))
    assert "was changed since the plan was made" in refused(folder, sha256=known)
    (folder / "decided.csv").write_text(rows.replace("simulated", "by whom"))
    assert "has no column 'simulated'" in refused(folder)
    (folder / "decided.csv").write_text(rows)
    np.save(folder / "images.npy", noise(12, 16, 16, 1))
    assert "holds images (1, 16, 16), the model makes (1, 8, 8)" in refused(folder)
    np.save(folder / "images.npy", np.zeros((12, 8, 8, 1)))
    assert "holds float64" in refused(folder)
    write_manifest(folder, {"files": listed({p.name: p for p in folder.iterdir()})})
    np.save(folder / "images.npy", np.ones((12, 8, 8, 1)))
    assert "images.npy is damaged" in refused(folder)
    (folder / "images.npy").unlink()
    assert "images.npy is missing" in refused(folder)
    assert "has no decided pairs" in refused(tmp_path / "nowhere")


def test_a_study_is_found_by_its_name_and_by_its_folders(tmp_path: Path) -> None:
    study = tmp_path / "reports" / "studies" / "cats"
    decided = six(study / "analysis" / "decided")
    write_manifest(study, {"command": "study", "files": {}})  # older than the analysis
    for name in ("cats", "reports/studies/cats", str(study), str(decided), str(decided.parent)):
        assert find_study(name, tmp_path) == decided
        PreferencePairs.of(model_of(), find_study(name, tmp_path))
    (study.parent / "fresh").mkdir()
    for name, what, remedy in (
        ("dogs", "there is no study reports/studies/dogs", "give the name of a study"),
        ("fresh", "fresh has no decided pairs", "alphabar study analyze fresh"),
    ):
        with pytest.raises(AlphabarError, match=what) as caught:
            find_study(name, tmp_path)
        assert remedy in caught.value.remedy


# the taste of the test: more light


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Path:
    """A model that has seen digits for a second."""
    config = model_config(classes=DIGITS, widths=(8, 16), steps=100, prediction="v")
    model = new_checkpoint(config, seed=0)
    split = load_split(digits, "train")
    images = torch.from_numpy(split.images.transpose(0, 3, 1, 2).copy())
    loss = DenoisingLoss(model, TrainingSpec())
    optimizer = torch.optim.Adam(model.network.parameters(), lr=5e-3)
    random = torch.Generator().manual_seed(0)
    for step in range(60):
        index = torch.randint(len(images), (64,), generator=random)
        rows = model.conditioner.encode(split.classes[index].tolist(), [""] * 64)
        optimizer.zero_grad()
        loss(model.network, model.network, step, model.codec.encode(images[index]), rows).backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("learnt")
    save_checkpoint(folder, config, model.network)
    return folder


def drawn(folder: Path, count: int, seed: int) -> Images:
    """Digits in turn."""
    model = load_checkpoint(folder)
    sampling = SamplingSpec(steps=8, seed=seed)
    return generate(Sampler(model, sampling), prompts_of(model, list(DIGITS), count)).images


def light(images: Images) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = images.reshape(len(images), -1).mean(1)
    return mean


def test_the_model_moves_to_a_taste_and_by_coins_nowhere(
    tmp_path: Path, learnt: Path, digits: Path
) -> None:
    first, second = drawn(learnt, 100, 10_000), drawn(learnt, 100, 20_000)
    before = light(drawn(learnt, 60, 0))

    def gained(name: str, won: NDArray[np.bool_]) -> float:
        """How much lighter its images of equal seeds become once it has learnt pairs that the base
        has drawn, in deviations of the base's.

        Args:
            won: whether the first image of each pair wins.
        """
        ordered = [(a, b) if w else (b, a) for a, b, w in zip(first, second, won, strict=True)]
        rows = [{"label": DIGITS[k % 10], "simulated": "true"} for k in range(100)]
        images = np.stack([image for pair in ordered for image in pair])
        pairs, out = write_decided(tmp_path / f"{name}-pairs", rows, images), tmp_path / name
        out.mkdir()
        spec = told(pairs, steps=25, batch_size=32, lr=1e-3, beta=2000.0, ema=0.9)
        finetune(spec, {"model": learnt, "data": digits, "preferences": pairs}, out, RUNTIME)
        figures = json.loads((out / "metrics.json").read_text())
        assert figures["simulated_pairs"] == 100
        return float((light(drawn(out, 60, 0)) - before).mean() / before.std())

    lighter = gained("light", light(first) > light(second))
    random = np.random.default_rng(0)
    coins = [gained(f"coins{k}", random.random(100) < 0.5) for k in range(2)]
    assert lighter > 1
    assert lighter > 4 * max(map(abs, coins)), coins
